import { expect, test } from 'vitest';
import { filterOf, isFiltered } from './filter';

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
