import { describe, expect, test } from 'vitest';
import { formatLeft, formatLength, formatRelative, formatTime, frameAt, middleOfFrame, parseTime } from './time';

describe('a time reads H:MM:SS.mmm', () => {
  test.each([
    [0, '0:00:00.000'],
    [7.3, '0:00:07.300'],
    [727.48, '0:12:07.480'],
    [59.9996, '0:01:00.000'],
    [10_799.999, '2:59:59.999'],
    [-1, '0:00:00.000'],
  ])('%d s is %s', (seconds, shown) => expect(formatTime(seconds)).toBe(shown));
});

describe('a typed time is understood, or refused', () => {
  test.each([
    ['7.3', 7.3],
    [' 90 ', 90],
    ['1:02', 62],
    ['0:12:07.480', 727.48],
    ['0:12:07,480', 727.48],
    ['120:00', 7200],
    ['1:60', null],
    ['1:60:00', null],
    ['', null],
    ['-1', null],
    ['1:2:3:4', null],
    ['12s', null],
  ])('%s is %s', (typed, seconds) => expect(parseTime(typed)).toBe(seconds));

  test('what is shown can be typed back', () => {
    for (const seconds of [0, 0.001, 7.3, 19.85, 727.48, 10_799.999]) {
      expect(parseTime(formatTime(seconds))).toBeCloseTo(seconds, 9);
    }
  });
});

describe('frames', () => {
  test.each([24, 25, 30000 / 1001, 60])('every frame is found again from its middle at %d fps', (fps) => {
    for (let frame = 0; frame < 5000; frame++) expect(frameAt(middleOfFrame(frame, fps), fps)).toBe(frame);
  });

  test('the exact start of a frame is that frame, though a float may lie a hair before it', () => {
    for (let frame = 0; frame < 5000; frame++) expect(frameAt((frame * 1001) / 30000, 30000 / 1001)).toBe(frame);
  });
});

test('lengths drop what would be noise', () => {
  expect(formatLength(7.52)).toBe('7.5 s');
  expect(formatLength(9.96)).toBe('0:10');
  expect(formatLength(727)).toBe('12:07');
  expect(formatLength(3727)).toBe('1:02:07');
});

test('time left is rounded to what a person would say', () => {
  expect(formatLeft(2)).toBe('a few seconds left');
  expect(formatLeft(43)).toBe('45 s left');
  expect(formatLeft(130)).toBe('2 min left');
});

test('a time away is told in its largest unit', () => {
  const now = Date.parse('2026-11-23T12:00:00Z');
  expect(formatRelative('2026-11-24T11:59:00Z', now)).toBe('in 24 hours');
  expect(formatRelative('2026-11-23T11:55:00Z', now)).toBe('5 minutes ago');
  expect(formatRelative('2026-11-23T11:59:50Z', now)).toBe('just now');
});
