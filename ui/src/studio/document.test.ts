import { describe, expect, test } from 'vitest';

import {
  add,
  addAt,
  blank,
  move,
  neighbour,
  remove,
  rename,
  retime,
  revive,
  select,
  setIn,
  setOut,
  split,
  type StudioDocument,
} from './document';

const LENGTH = 60;
const times = (document: StudioDocument | null) => document?.segments.map(({ start, end }) => [start, end]);
const one = add(blank('mp4'), { start: 10, end: 20 }, LENGTH, 'a');
const two = add(one, { start: 2, end: 5 }, LENGTH, 'b');

describe('in and out', () => {
  test('in, then out, make one selected segment', () => {
    const marked = setIn(blank('mp4'), 7.3);
    const made = setOut(marked, 19.85, LENGTH)!;
    expect(times(made)).toEqual([[7.3, 19.85]]);
    expect(made.mark).toBeNull();
    expect(made.selected).toBe(made.segments[0]!.id);
  });
  test('in before the end of the selected segment trims it', () => {
    expect(times(setIn(one, 12))).toEqual([[12, 20]]);
    expect(times(setIn(one, 4))).toEqual([[4, 20]]);
  });
  test('in after the selected segment begins another', () => {
    const next = setIn(one, 30);
    expect([next.mark, next.selected, times(next)]).toEqual([30, null, [[10, 20]]]);
  });
  test('out trims the selected segment', () => expect(times(setOut(one, 15, LENGTH))).toEqual([[10, 15]]));
  test('out before its in is refused', () => {
    expect(setOut(one, 9, LENGTH)).toBeNull();
    expect(setOut(setIn(blank('mp4'), 30), 20, LENGTH)).toBeNull();
    expect(setOut(blank('mp4'), 20, LENGTH)).toBeNull();
  });
  test('choosing a segment drops a waiting in point', () => expect(select(setIn(one, 30), 'a').mark).toBeNull());
});

describe('segments', () => {
  test('stand in the order of their start', () =>
    expect(times(two)).toEqual([
      [2, 5],
      [10, 20],
    ]));
  test('dragged backwards are turned round', () =>
    expect(times(add(blank('mp4'), { start: 9, end: 4 }, LENGTH))).toEqual([[4, 9]]));
  test('never leave the source', () => {
    expect(times(addAt(blank('mp4'), 55, LENGTH))).toEqual([[55, 60]]);
    expect(times(addAt(blank('mp4'), 60, LENGTH))).toEqual([[59, 60]]);
    expect(times(move(one, 'a', 58, LENGTH))).toEqual([[50, 60]]);
    expect(times(move(one, 'a', -3, LENGTH))).toEqual([[0, 10]]);
    expect(times(retime(one, 'a', { end: 99 }, LENGTH))).toEqual([[10, 60]]);
  });
  test('keep their start before their end', () => {
    expect(times(retime(one, 'a', { start: 30 }, LENGTH))).toEqual([[19.99, 20]]);
    expect(times(retime(one, 'a', { end: 3 }, LENGTH))).toEqual([[10, 10.01]]);
  });
  test('take both ends at once', () =>
    expect(times(retime(one, 'a', { start: 30, end: 40 }, LENGTH))).toEqual([[30, 40]]));
  test('of no length are not made', () => expect(add(one, { start: 5, end: 5 }, LENGTH)).toBe(one));
  test('keep their names', () => expect(rename(one, 'a', 'intro').segments[0]!.name).toBe('intro'));
  test('leave the choice to a neighbour when removed', () => {
    expect(remove(select(two, 'b'), 'b').selected).toBe('a');
    expect(remove(remove(two, 'b'), 'a').selected).toBeNull();
    expect(remove(select(two, 'a'), 'b').selected).toBe('a');
  });
  test('follow one another', () => {
    expect(neighbour(select(two, 'b'), 1)?.id).toBe('a');
    expect(neighbour(select(two, 'b'), -1)).toBeNull();
    expect(neighbour(select(two, null), -1)?.id).toBe('a');
  });
});

describe('split', () => {
  test('cuts the segment under the playhead, the later part selected', () => {
    const parts = split(one, 14, 'c')!;
    expect(times(parts)).toEqual([
      [10, 14],
      [14, 20],
    ]);
    expect(parts.selected).toBe('c');
  });
  test('prefers the selected of two that overlap', () => {
    const overlapping = select(add(one, { start: 12, end: 30 }, LENGTH, 'b'), 'a');
    expect(times(split(overlapping, 15, 'c'))).toEqual([
      [10, 15],
      [12, 30],
      [15, 20],
    ]);
  });
  test('is refused outside of every segment', () => expect(split(one, 25)).toBeNull());
});

describe('a stored document', () => {
  test('comes back as it was', () => {
    const back = revive(JSON.parse(JSON.stringify({ ...two, quality: '720p' })), LENGTH)!;
    expect([times(back), back.quality, back.segments[0]!.id]).toEqual([times(two), '720p', 'b']);
  });
  test('that is damaged is not one', () => {
    for (const damaged of [null, 3, {}, { segments: [{ id: 'a', start: 'x', end: 2, name: '' }], format: 'mp4' }]) {
      expect(revive(damaged, LENGTH)).toBeNull();
    }
  });
});
