import { describe, expect, test } from 'vitest';

import type { Rules } from '../api/types';
import { bytesDone, fileRefusal, missingParts, partCount, partRange, partSize } from './parts';

const MIB = 2 ** 20;
const limits = { min_part_bytes: 5 * MIB, default_part_bytes: 32 * MIB, max_upload_bytes: 5_000_000_000 };
const rules = { limits, extensions: { video: ['mp4', 'mkv'], audio: ['mp3'] } } as unknown as Rules;

describe('the size of a part', () => {
  test.each([
    ['a small file has parts of the smallest size', 12 * MIB, 5 * MIB],
    ['a middling file has sixteen parts', 160 * MIB, 10 * MIB],
    ['a large file has parts of the default size', 5_000_000_000, 32 * MIB],
    ['a file beyond a thousand parts has larger ones', 100_000 * MIB, 100 * MIB],
  ])('%s', (_name, size, expected) => expect(partSize(size, limits)).toBe(expected));

  test('covers every size with no more than a thousand parts, none but the last below the least', () => {
    for (const size of [1, 5 * MIB, 5 * MIB + 1, 99_999_999, 4_999_999_999]) {
      const part = partSize(size, limits);
      const count = partCount(size, part);
      const ranges = Array.from({ length: count }, (_, at) => partRange(at + 1, part, size));
      expect(count).toBeLessThanOrEqual(1000);
      expect(ranges[0]!.from).toBe(0);
      expect(ranges.at(-1)!.to).toBe(size);
      ranges.slice(1).forEach((range, at) => expect(range.from).toBe(ranges[at]!.to));
      ranges.slice(0, -1).forEach(({ from, to }) => expect(to - from).toBeGreaterThanOrEqual(5 * MIB));
    }
  });
});

test('what is missing is what has no tag', () => expect(missingParts(5, { 2: 'b', 5: 'e' })).toEqual([1, 3, 4]));

test('the last part counts with its own length', () => {
  expect(bytesDone({ 1: 'a', 3: 'c' }, 10, 25)).toBe(15);
});

describe('a file is refused before it is sent', () => {
  test.each([
    ['notes.txt', 10, 'notes.txt is not a recording FastClip reads. It reads MP4, MKV, MP3.'],
    ['noending', 10, 'noending is not a recording FastClip reads. It reads MP4, MKV, MP3.'],
    ['talk.mp4', 0, 'talk.mp4 is empty.'],
    ['talk.mp4', 5_000_000_001, 'talk.mp4 has 5 GB; the limit is 5 GB.'],
    ['TALK.MKV', 5_000_000_000, null],
  ])('%s of %d bytes: %s', (name, size, sentence) => expect(fileRefusal({ name, size }, rules)).toBe(sentence));
});
