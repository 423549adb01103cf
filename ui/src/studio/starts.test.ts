import { expect, test } from 'vitest';

import { clockOf, type Clock } from './frames';
import { startHint } from './starts';

const clock = clockOf({ num: 30, den: 1 }, 20) as Clock;
const starts = [0, 2, 4.00001, 8];

test('the nearest start is offered, with how many frames away it lies', () => {
  expect(startHint(starts, clock, { start: 1.9, end: 6 })).toEqual({ at: 2, frames: 3, isLater: true });
  expect(startHint(starts, clock, { start: 2.1, end: 6 })).toEqual({ at: 2, frames: 3, isLater: false });
});
test('an in point that lies on a start is told so', () => {
  expect(startHint(starts, clock, { start: 2, end: 6 })).toEqual({ at: 2, frames: 0, isLater: false });
  expect(startHint(starts, clock, { start: 4, end: 6 })?.frames).toBe(0);
  expect(startHint(starts, clock, { start: 0, end: 6 })?.frames).toBe(0);
});
test('a start at the end of the segment or after it is none for this segment', () => {
  expect(startHint(starts, clock, { start: 7.9, end: 8 })).toEqual({ at: 4.00001, frames: 117, isLater: false });
  expect(startHint([8], clock, { start: 7.9, end: 8 })).toBeNull();
  expect(startHint([], clock, { start: 1, end: 2 })).toBeNull();
});
