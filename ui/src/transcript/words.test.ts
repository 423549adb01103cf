import { describe, expect, test } from 'vitest';
import type { Sentence } from '../api/types';
import { corrected, extended, folded, found, nextSpan, sentenceOf, spanOf, wordAt, wordsOf } from './words';

/** Each text is a sentence; a word a second, half a second long. */
function sentences(first: number, ...texts: string[]): Sentence[] {
  let position = first;
  return texts.map((text) => {
    const words = text.split(' ').map((word) => ({
      position,
      start: position++,
      end: position - 0.5,
      word,
      probability: null,
    }));
    return { start: words[0]!.start, end: words.at(-1)!.end, text, words };
  });
}

const SAID = sentences(0, 'So, my fellow Americans:', 'ask not what', 'your country can do for you.');
const texts = (said: readonly Sentence[]) => said.map(({ text }) => text);

describe('the word at a time', () => {
  const words = wordsOf(SAID);
  test('is the one being said, then the one said last', () => {
    expect([wordAt(words, 2.2), wordAt(words, 2.8), wordAt(words, 3)]).toEqual([2, 2, 3]);
  });
  test('is none before the first', () => expect(wordAt([{ ...words[0]!, start: 1 }], 0.5)).toBe(-1));
  test('lies in its sentence', () => expect([0, 3, 4, 6, 7, 12].map((n) => sentenceOf(SAID, n))).toEqual([0, 0, 1, 1, 2, 2]));
});

describe('a corrected word', () => {
  const next = corrected(SAID, 5, 'never');
  test('stands in its sentence', () => expect(texts(next)[1]).toBe('ask never what'));
  test('keeps its times', () => expect(next[1]!.words[1]).toEqual({ ...SAID[1]!.words[1], word: 'never' }));
  test('leaves the other sentences as they are', () => expect([next[0], next[2]]).toEqual([SAID[0], SAID[2]]));
});

describe('what is heard later', () => {
  test('is added', () => expect(texts(extended(SAID, sentences(13, 'and more')))).toEqual([...texts(SAID), 'and more']));
  test('takes the place of what was told before', () =>
    expect(texts(extended(SAID, sentences(4, 'ask', 'not what your')))).toEqual([texts(SAID)[0], 'ask', 'not what your']));
  test('cuts a sentence in which it begins', () =>
    expect(texts(extended(SAID, sentences(5, 'not what')))).toEqual([texts(SAID)[0], 'ask', 'not what']));
  test('may be nothing', () => expect(extended(SAID, [])).toEqual(SAID));
});

describe('search', () => {
  const plain = wordsOf(SAID).map(({ word }) => folded(word));
  const spans = (query: string) => found(plain, query).map(({ first, last }) => [first, last]);
  test('looks past case, accents and punctuation', () => expect(spans('AMÉRICANS')).toEqual([[3, 3]]));
  test('finds words that follow one another', () => expect(spans('what your country')).toEqual([[6, 8]]));
  test('finds a last word that is only begun', () => expect(spans('my fel')).toEqual([[1, 2]]));
  test('finds each place', () => expect(spans('yo')).toEqual([[7, 7], [12, 12]]));
  test('finds nothing for nothing', () => expect([spans(''), spans(' ., ')]).toEqual([[], []]));
  test('goes on from where we are, and round', () => {
    const places = found(plain, 'yo');
    expect([nextSpan(places, 0), nextSpan(places, 8), nextSpan(places, 13)]).toEqual([0, 1, 0]);
  });
});

test('a span has an order however it was drawn', () => expect(spanOf(7, 3)).toEqual({ first: 3, last: 7 }));
