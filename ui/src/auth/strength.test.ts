import { expect, test } from 'vitest';
import { strengthOf } from './strength';

test.each([
  ['', 'empty'],
  ['short', 'short'],
  ['aaaaaaaaaaaaaaaa', 'weak'],
  ['1234567890', 'weak'],
  ['abababababababab', 'weak'],
  ['blue kettle', 'fair'],
  ['correct horse battery', 'strong'],
  ['h7#Kq!2zLw9$', 'strong'],
])('%s is %s', (password, level) => expect(strengthOf(password).level).toBe(level));

test('a short password says how many characters are missing', () => {
  expect(strengthOf('1234567').missing).toBe(3);
});
