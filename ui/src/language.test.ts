import { expect, test } from 'vitest';
import { mend } from './language';

test.each([
  ['C', 'en-US'],
  ['de-AT', 'de-AT'],
  ['en', 'en'],
])('a browser that says %s speaks %s', (said, spoken) => {
  const from = Object.create({ get language() { return said; } }) as { language: string };
  mend(from);
  expect(from.language).toBe(spoken);
  expect(() => new Intl.NumberFormat(from.language)).not.toThrow();
});
