import { expect, test } from 'vitest';
import { isPage, roomOf, under } from './paths';

test.each([
  ['/', true],
  ['/studio', true],
  ['/captions', true],
  ['/library/1', true],
  ['/settings/keys', true],
  ['/owner/health', true],
  ['/docs', false],
  ['/_s/clips/1.mp4', false],
  ['/libraryish', false],
])('%s is a page of ours: %s', (path, isOurs) => expect(isPage(path)).toBe(isOurs));

test('the parts after a room are read, and nothing of another room', () => {
  expect(under('/library', '/library')).toEqual([]);
  expect(under('/library', '/library/a%20b')).toEqual(['a b']);
  expect(under('/library', '/libraryish')).toBeNull();
});

test('a clip opened in the library stays in its room', () => {
  expect(roomOf('/library/1')).toBe(roomOf('/library'));
});
