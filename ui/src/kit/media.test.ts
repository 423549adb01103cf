import { expect, test } from 'vitest';
import { kindOf } from './media';

test.each([
  ['mp4', 'video'],
  ['gif', 'picture'],
  ['mp3', 'sound'],
  ['wav', 'sound'],
  ['m4a', 'sound'],
  ['flac', 'sound'],
])('%s is shown as %s', (format, kind) => {
  expect(kindOf(format)).toBe(kind);
});
