import { expect, test } from 'vitest';

import { loudest, waveOf } from './wave';

const PER_SECOND = 50;
const silent = (seconds: number) => new Uint8Array(seconds * PER_SECOND);

function waveWith(seconds: number, ...loud: [at_s: number, height: number][]) {
  const peaks = silent(seconds);
  for (const [at_s, height] of loud) peaks[Math.floor(at_s * PER_SECOND)] = height;
  return waveOf(peaks, PER_SECOND);
}

test('one loud moment of three hours is seen at every zoom', () => {
  const wave = waveWith(3 * 3600, [7000.1, 204]);
  expect(loudest(wave, 0, 3 * 3600)).toBe(0.8);
  expect(loudest(wave, 6900, 7100)).toBe(0.8);
  expect(loudest(wave, 7000.08, 7000.12)).toBe(0.8);
});

test('and not in the bars beside it', () => {
  const wave = waveWith(3 * 3600, [7000.1, 204]);
  for (const bar_s of [0.1, 1, 20, 100]) {
    expect(loudest(wave, 6998 - 2 * bar_s, 6998 - bar_s)).toBe(0);
    expect(loudest(wave, 7002 + bar_s, 7002 + 2 * bar_s)).toBe(0);
  }
});

test('a stretch is never lower than any of its parts', () => {
  const peaks = Uint8Array.from({ length: 20_000 }, (_, i) => (i * 7919) % 256);
  const wave = waveOf(peaks, PER_SECOND);
  for (const [from, to] of [
    [0, 400],
    [12.3, 15.9],
    [100, 100.5],
  ] as const) {
    const parts = Array.from({ length: 10 }, (_, i) => from + ((to - from) * i) / 10);
    const highest = Math.max(...parts.map((at) => loudest(wave, at, at + (to - from) / 10)));
    expect(loudest(wave, from, to)).toBeGreaterThanOrEqual(highest - 1e-9);
  }
});

test('beyond the peaks there is silence', () => {
  expect(loudest(waveWith(1), 5, 6)).toBe(0);
  expect(loudest(waveOf(new Uint8Array(0), PER_SECOND), 0, 1)).toBe(0);
});

test('the summit is the loudest of all, and never nothing', () => {
  expect(waveWith(60, [3, 51], [40, 102]).summit).toBe(0.4);
  expect(waveOf(new Uint8Array(0), PER_SECOND).summit).toBeGreaterThan(0);
});
