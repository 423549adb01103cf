import { expect, test } from 'vitest';

import { Pace } from './pace';

function paced(...notes: [at_ms: number, bytes: number][]): Pace {
  const pace = new Pace();
  for (const [at_ms, bytes] of notes) pace.note(bytes, at_ms);
  return pace;
}

test('a steady line has its speed, and the time left follows from it', () => {
  const pace = paced([0, 0], [1000, 5_000_000], [2000, 10_000_000]);
  expect(pace.speed).toBe(5_000_000);
  expect(pace.secondsFor(20_000_000)).toBe(4);
});

test('no number is shown before there is something to go by', () => {
  expect(paced([0, 0], [300, 900_000]).speed).toBeNull();
  expect(new Pace().secondsFor(10)).toBeNull();
});

test('what was long ago does not count', () => {
  const notes = Array.from({ length: 20 }, (_, s): [number, number] => [
    s * 1000,
    s < 10 ? s * 9000 : 90_000 + (s - 10) * 100,
  ]);
  expect(paced(...notes).speed).toBeLessThan(1500);
});

test('bytes that must be sent again begin the count anew', () => {
  expect(paced([0, 0], [2000, 8000], [2100, 4000]).speed).toBeNull();
});

test('a rest is not held against the speed', () => {
  const pace = paced([0, 0], [1000, 1000]);
  pace.rest();
  pace.note(1000, 60_000);
  pace.note(3000, 61_000);
  expect(pace.speed).toBe(2000);
});
