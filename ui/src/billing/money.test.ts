import { expect, test } from 'vitest';
import { bonusOf, freshKey, parseDollars } from './money';

const rules = { min_cents: 500, max_cents: 50000, first_bonus_percent: 50, large_cents: 5000, large_bonus_percent: 10 };

test.each([
  ['5', 500],
  ['$25.50', 2550],
  [' 50.5 ', 5050],
  ['1,000', 100000],
  ['0.01', 1],
  ['', null],
  ['5.001', null],
  ['five', null],
  ['-5', null],
  ['1,00', null],
])('%j is %j cents', (typed, cents) => expect(parseDollars(typed)).toBe(cents));

test.each([
  [500, true, 250],
  [501, true, 250],
  [4999, true, 2499],
  [5000, true, 3000],
  [50000, true, 30000],
  [500, false, 0],
  [5000, false, 500],
  [5005, false, 500],
])('%j cents, first: %j, earn %j', (cents, isFirst, bonus) => expect(bonusOf(cents, isFirst, rules)).toBe(bonus));

test('keys are long and never the same', () => {
  expect(freshKey()).toMatch(/^[0-9a-f]{32}$/);
  expect(freshKey()).not.toBe(freshKey());
});
