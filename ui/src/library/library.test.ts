import { expect, test } from 'vitest';
import { filterOf, isFiltered } from './filter';
import { batches, unique } from './pages';

const of = (search: string) => filterOf(new URLSearchParams(search));

test('the address is the filter', () => {
  expect(of('q=intro&media=gif&pinned=true&sort=name')).toEqual({
    q: 'intro',
    media: 'gif',
    pinned: true,
    sort: 'name',
  });
});

test('what the address says wrongly is as if it were not there', () => {
  expect(isFiltered(of('q=%20&media=film&pinned=no&sort=random'))).toBe(false);
  expect(of('media=film').media).toBeUndefined();
});

test('sorting alone does not count as a filter', () => {
  expect(isFiltered(of('sort=name'))).toBe(false);
});

test('a clip that two pages hold is shown once, in its first place, as it was read last', () => {
  const pages = [
    { clip_id: 'a', title: 'old' },
    { clip_id: 'b', title: 'b' },
    { clip_id: 'a', title: 'new' },
  ];
  expect(unique(pages)).toEqual([
    { clip_id: 'a', title: 'new' },
    { clip_id: 'b', title: 'b' },
  ]);
});

test('a long selection is deleted in as many calls as the limit asks', () => {
  expect(batches([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
  expect(batches([], 50)).toEqual([]);
});
