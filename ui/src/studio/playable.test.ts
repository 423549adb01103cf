import { describe, expect, test } from 'vitest';

import { codecName, mayPlay } from './playable';

/** A browser that says "probably" to what it is given. */
const browser =
  (...plays: string[]) =>
  (type: string) =>
    plays.includes(type) ? 'probably' : '';

const chromium = browser('video/mp4; codecs="avc1.42E01E, mp4a.40.2"', 'video/webm; codecs="vp9, opus"', 'video/mp4');
const qt = browser('video/webm; codecs="vp9, opus"');

describe('a recording is tried', () => {
  test('when the browser knows its type and codecs', () =>
    expect(mayPlay(chromium, 'video/mp4', 'avc1.42E01E, mp4a.40.2')).toBe(true));
  test('when the codecs are known and only the container’s name is not', () =>
    expect(mayPlay(chromium, 'video/quicktime', 'avc1.42E01E, mp4a.40.2')).toBe(true));
  test('when nothing is known of its codecs', () => expect(mayPlay(chromium, 'video/x-matroska', '')).toBe(true));
});

describe('a recording is not tried', () => {
  test('by a window that has no such codec', () =>
    expect(mayPlay(qt, 'video/mp4', 'avc1.42E01E, mp4a.40.2')).toBe(false));
  test('where no container makes its codec known', () =>
    expect(mayPlay(chromium, 'video/mp4', 'hvc1.1.6.L120.90')).toBe(false));
});

test('codecs have names that people know', () => {
  expect(codecName('hvc1.1.6.L120.90, mp4a.40.2')).toBe('HEVC');
  expect(codecName('wmv3')).toBe('WMV3');
  expect(codecName('')).toBeNull();
});
