import { expect, test } from 'vitest';
import { daysBetween, lastDays } from './days';

test('the last days end today and count it', () => {
  const noon = Date.parse('2026-03-01T12:00:00Z');
  expect(lastDays(1, noon)).toEqual(['2026-03-01', '2026-03-01']);
  expect(lastDays(30, noon)).toEqual(['2026-01-31', '2026-03-01']);
});

test('every day between two is there, over a month and a leap day', () => {
  expect(daysBetween('2028-02-27', '2028-03-01')).toEqual(['2028-02-27', '2028-02-28', '2028-02-29', '2028-03-01']);
  expect(daysBetween('2026-01-02', '2026-01-01')).toEqual([]);
});
