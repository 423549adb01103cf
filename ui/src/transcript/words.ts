// The words of a recording as the page works on them. Pure: sentences in, places and sentences out.
import type { Sentence, TimedWord } from '../api/types';

/** Positions of words, both included, in the order they are said. */
export interface Span {
  first: number;
  last: number;
}

export const spanOf = (a: number, b: number): Span => ({ first: Math.min(a, b), last: Math.max(a, b) });

export function wordsOf(sentences: readonly Sentence[]): TimedWord[] {
  return sentences.flatMap((sentence) => sentence.words);
}

/** The word being said at a time, the last one before it while nobody speaks; -1 before the first. */
export function wordAt(words: readonly TimedWord[], time: number): number {
  return lastWhere(words.length, (n) => words[n]!.start <= time + 1e-3);
}

/** The sentence that holds a word, by the word's position. */
export function sentenceOf(sentences: readonly Sentence[], position: number): number {
  return lastWhere(sentences.length, (n) => sentences[n]!.words[0]!.position <= position);
}

/** The sentences with one word written differently; its times stay. */
export function corrected(sentences: readonly Sentence[], position: number, word: string): Sentence[] {
  const at = sentenceOf(sentences, position);
  return sentences.map((sentence, n) => {
    if (n !== at) return sentence;
    const words = sentence.words.map((each) => (each.position === position ? { ...each, word } : each));
    return { ...sentence, words, text: words.map((each) => each.word).join(' ') };
  });
}

/** What was heard before, then what was heard since: the later sentences take the place of all from their first word on. */
export function extended(sentences: readonly Sentence[], fresh: readonly Sentence[]): Sentence[] {
  const from = fresh[0]?.words[0]?.position;
  if (from === undefined) return [...sentences];
  const kept = sentences.filter((sentence) => sentence.words.at(-1)!.position < from);
  const cut = sentences.find((sentence) => sentence.words[0]!.position < from && sentence.words.at(-1)!.position >= from);
  if (!cut) return [...kept, ...fresh];
  const words = cut.words.filter((word) => word.position < from);
  return [...kept, { ...cut, words, end: words.at(-1)!.end, text: words.map((word) => word.word).join(' ') }, ...fresh];
}

/** What is searched: no case, no accents, no punctuation. */
export function folded(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\p{L}\p{N}]+/gu, '')
    .toLowerCase();
}

/** Where these words are said one after another; the last one may be begun only. */
export function found(plain: readonly string[], query: string): Span[] {
  const asked = query.split(/\s+/).map(folded).filter(Boolean);
  const last = asked.pop();
  if (last === undefined) return [];
  const spans: Span[] = [];
  for (let at = 0; at + asked.length < plain.length; at++) {
    if (!plain[at + asked.length]!.startsWith(last)) continue;
    if (asked.every((word, n) => plain[at + n] === word)) spans.push({ first: at, last: at + asked.length });
  }
  return spans;
}

/** Which of the spans comes first at or after a position; the first of all when none does. */
export function nextSpan(spans: readonly Span[], position: number): number {
  const at = spans.findIndex((span) => span.first >= position);
  return at < 0 ? 0 : at;
}

/** The last n below `count` for which it holds, where it holds for all before that; -1 for none. */
function lastWhere(count: number, holds: (n: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
