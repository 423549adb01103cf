import { expect, test } from 'vitest';
import { caps, keyLabel } from './keys';
import { TABLE } from './table';

test('the command key is Cmd on a Mac and Ctrl elsewhere', () => {
  expect(keyLabel('$mod+k', true)).toBe('⌘K');
  expect(keyLabel('$mod+k', false)).toBe('Ctrl K');
});

test('a sequence shows both presses', () => {
  expect(caps('g l', false)).toEqual(['G', 'L']);
});

test('a plus that is itself the key is shown', () => {
  expect(caps('+', false)).toEqual(['+']);
});

test('no two actions of one group share a key', () => {
  const seen = new Map<string, string>();
  for (const [id, entry] of Object.entries(TABLE)) {
    for (const key of entry.keys) {
      const place = `${id.split('.')[0]} ${key}`;
      expect(seen.get(place), `${id} and ${seen.get(place)} share ${key}`).toBeUndefined();
      seen.set(place, id);
    }
  }
});
