import { expect, test } from 'vitest';
import { around, blockAt, blocksOf, rowAt, rowsOf } from './reach';

/** Words a half second each; `said` names the text of some. */
const spoken = (count: number, said: Record<number, string> = {}, step = 0.5) =>
  Array.from({ length: count }, (_, n) => ({
    position: n,
    word: said[n] ?? 'Word',
    start: n * step,
    end: n * step + 0.4,
    probability: null,
  }));

test('every word is in exactly one block, and a block begins with a sentence', () => {
  const words = spoken(400, { 70: 'end.', 71: 'Mr.', 150: 'end.', 151: 'and' });
  const blocks = blocksOf(words);
  expect(blocks.flatMap(({ first, last }) => words.slice(first, last))).toEqual(words);
  expect(blocks[1]!.first).toBe(71); // not 60, where half a minute is over
  expect(blocks.slice(2).every(({ first }) => first !== 152)).toBe(true); // the sentence goes on in lower case
});

test('without an end or a pause a block is a minute long', () => {
  const blocks = blocksOf(spoken(300));
  expect(blocks.map(({ first }) => first)).toEqual([0, 120, 240]);
});

test('a long pause ends a block like a sentence', () => {
  const words = spoken(100);
  for (const word of words.slice(65)) Object.assign(word, { start: word.start + 2, end: word.end + 2 });
  expect(blocksOf(words)[1]!.first).toBe(65);
});

test('what is drawn is the block at the playhead with its neighbours', () => {
  const words = spoken(600);
  const blocks = blocksOf(words);
  expect(blockAt(blocks, words, -1)).toBe(0);
  expect(blockAt(blocks, words, 59.9)).toBe(0);
  const block = blockAt(blocks, words, 130);
  expect(block).toBe(2);
  const drawn = around(blocks, words, block);
  expect([drawn[0]!.position, drawn.at(-1)!.position]).toEqual([120, 479]);
  expect(around([], [], 0)).toEqual([]);
});

test('rows are sentences, long ones in several, and the row is the one being said', () => {
  const words = spoken(60, { 9: 'end.' });
  const rows = rowsOf(words);
  expect(rows.map(({ first }) => first)).toEqual([0, 10, 34, 58]);
  expect(rowAt(rows, words, 5)).toBe(1);
  expect(rowAt(rows, words, -1)).toBe(-1);
  expect(rowsOf([])).toEqual([]);
});
