import { describe, expect, test } from 'vitest';

import {
  after,
  aimAt,
  before,
  between,
  clockOf,
  frameAt,
  frameCount,
  frameEnd,
  framesWithin,
  frameStart,
  nearestEdge,
  snap,
  stepEdge,
  stepFrom,
  type Clock,
} from './frames';

const even = (num: number, den: number, duration: number) => clockOf({ num, den }, duration) as Clock;
const ntsc = even(30000, 1001, 30);
/** Frames at 0, 40, 80, 200 and 210 ms of a 250 ms source. */
const uneven = clockOf(null, 0.25, Uint32Array.from([0, 4000, 8000, 20000, 21000])) as Clock;

describe('a constant rate', () => {
  test('a seek to the middle of any frame of a 3-hour NTSC source shows that frame', () => {
    const long = even(30000, 1001, 10800);
    for (let frame = 0; frame < frameCount(long); frame += 997) expect(frameAt(long, aimAt(long, frame))).toBe(frame);
  });
  test('the start of a frame, written in milliseconds too early, still belongs to it', () => {
    expect(frameAt(even(24, 1, 30), 1 / 24 - 1e-5)).toBe(1);
    expect(frameAt(even(24, 1, 30), 2 / 24 - 0.001)).toBe(1);
  });
  test('stepping on and back returns to the same frame', () => {
    const there = stepFrom(ntsc, 4.2, 3);
    expect(frameAt(ntsc, stepFrom(ntsc, there, -3))).toBe(frameAt(ntsc, 4.2));
  });
  test('no step leaves the source', () => {
    expect(frameAt(ntsc, stepFrom(ntsc, 0, -5))).toBe(0);
    expect(frameAt(ntsc, stepFrom(ntsc, 29.99, 50))).toBe(frameCount(ntsc) - 1);
  });
  test('7.30 s to 19.85 s of 24 frames a second holds 301 frames', () => {
    expect(framesWithin(even(24, 1, 30), 7.3, 19.85)).toBe(301);
  });
  test('a whole source holds every frame', () => {
    expect(framesWithin(even(24, 1, 30), 0, 30)).toBe(720);
    expect(frameCount(even(24, 1, 30))).toBe(720);
  });
  test('the last frame ends with the source', () => expect(frameEnd(even(24, 1, 30), 719)).toBe(30));
});

describe('a listed rate', () => {
  test('the frame at a time is the last that has begun', () => {
    expect([0, 0.039, 0.04, 0.1, 0.199, 0.2, 0.205, 0.24].map((t) => frameAt(uneven, t))).toEqual([
      0, 0, 1, 2, 2, 3, 3, 4,
    ]);
  });
  test('a seek to the middle shows the frame, however long it stands', () => {
    for (let frame = 0; frame < 5; frame++) expect(frameAt(uneven, aimAt(uneven, frame))).toBe(frame);
  });
  test('a step crosses a long frame in one press', () => {
    expect(frameAt(uneven, stepFrom(uneven, 0.09, 1))).toBe(3);
    expect(frameAt(uneven, stepFrom(uneven, 0.2, -1))).toBe(2);
  });
  test('frames are counted by where they begin', () => expect(framesWithin(uneven, 0.04, 0.21)).toBe(3));
  test('it wins over a nominal rate', () => {
    expect(clockOf({ num: 30, den: 1 }, 1, Uint32Array.from([0]))?.kind).toBe('listed');
  });
});

test('sound alone has no clock', () => {
  expect(clockOf(null, 10)).toBeNull();
  expect(clockOf({ num: 0, den: 1 }, 10)).toBeNull();
});

test('the nearest edge is that of the frame before or after', () => {
  const clock = even(25, 1, 10);
  expect(nearestEdge(clock, 1.01)).toBeCloseTo(1);
  expect(nearestEdge(clock, 1.03)).toBeCloseTo(1.04);
  expect(nearestEdge(null, 1.0301)).toBe(1.0301);
});

test('snapping takes the nearest target in reach, and none beyond it', () => {
  expect(snap(5, [4.8, 5.1, 9], 0.3)).toBe(5.1);
  expect(snap(5, [4.6, 9], 0.3)).toBeNull();
});

test('a range of ascending times is found without those outside', () => {
  expect(between([0, 2, 4, 6, 8], 1.5, 6)).toEqual([2, 4, 6]);
});

test('the neighbours of a time are strictly before and after it', () => {
  expect([before([0, 2, 4], 2), after([0, 2, 4], 2)]).toEqual([0, 4]);
  expect([before([0, 2, 4], 0), after([0, 2, 4], 4)]).toEqual([null, null]);
  expect([before([0, 2, 4], 3), after([0, 2, 4], 3)]).toEqual([2, 4]);
});

test('frame starts of a listed clock are in seconds', () => expect(frameStart(uneven, 3)).toBeCloseTo(0.2));

test('edges are stepped through one by one, the end of the source the last', () => {
  const clock = even(25, 1, 1);
  expect(stepEdge(clock, 0.4, 1)).toBeCloseTo(0.44);
  expect(stepEdge(clock, 0.96, 1)).toBe(1);
  expect(stepEdge(clock, 1, 1)).toBe(1);
  expect(stepEdge(clock, 1, -1)).toBeCloseTo(0.96);
  expect(stepEdge(clock, 0, -1)).toBe(0);
  expect(stepEdge(uneven, 0.08, 1)).toBeCloseTo(0.2);
});
