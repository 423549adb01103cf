import { expect, test } from 'vitest';
import { formatBytes } from './bytes';
import { formatCents, formatDollars } from './money';

test.each([
  [0, '0 bytes'],
  [96, '96 bytes'],
  [96_000_000, '96 MB'],
  [1_500_000_000, '1.5 GB'],
  [999_700, '1 MB'],
])('%d bytes read as %s', (bytes, shown) => expect(formatBytes(bytes)).toBe(shown));

test('money always shows two places', () => {
  expect(formatCents(6)).toBe('$0.06');
  expect(formatDollars(0.5)).toBe('$0.50');
});
