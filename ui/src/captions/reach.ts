// Which words of a long recording are drawn: those around the playhead, from where a caption begins in any case.
import type { TimedWord } from '../api/types';

/** Words from `first` to `last`, the last one left out. */
export interface Block {
  first: number;
  last: number;
}

/** Long enough to be drawn rarely, short enough to be drawn at once. */
const BLOCK_S = 30;
const LONGEST_S = 60;
const TURN_S = 1.2;
const BREATH_S = 0.6;
const ENDS = /[.?!…。！？]+["'”’»)\]]*$/;
const ABBREVIATION = /^(?:[A-Za-z]|(?:[A-Za-z]\.)+[A-Za-z]?|Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs?|etc|No|Inc|Ltd|Co)\.$/;

/** The words in blocks of about half a minute. Each begins with a sentence, as the server tells sentences apart. */
export function blocksOf(words: readonly TimedWord[]): Block[] {
  const blocks: Block[] = [];
  let first = 0;
  for (let n = 1; n < words.length; n++) {
    const length = words[n]!.start - words[first]!.start;
    if (length < BLOCK_S || (length < LONGEST_S && !isEnd(words[n - 1]!, words[n]!))) continue;
    blocks.push({ first, last: n });
    first = n;
  }
  return words.length ? [...blocks, { first, last: words.length }] : [];
}

/** The block that is said at a time. */
export function blockAt(blocks: readonly Block[], words: readonly TimedWord[], time: number): number {
  return Math.max(0, blocks.findLastIndex(({ first }) => words[first]!.start <= time));
}

/** A block with its neighbours: while it is said, captions come and go as among all words. */
export function around(blocks: readonly Block[], words: readonly TimedWord[], block: number): readonly TimedWord[] {
  const [before, after] = [blocks[Math.max(0, block - 1)], blocks[Math.min(block + 1, blocks.length - 1)]];
  return before && after ? words.slice(before.first, after.last) : [];
}

function isEnd(word: TimedWord, following: TimedWord): boolean {
  const pause = following.start - word.end;
  if (pause >= TURN_S) return true;
  if (!ENDS.test(word.word) || ABBREVIATION.test(word.word)) return false;
  const letter = following.word[0] ?? '';
  return pause >= BREATH_S || letter === letter.toUpperCase();
}

const ROW_WORDS = 24;

/** The words in rows to read: a sentence each, long ones in several. */
export function rowsOf(words: readonly TimedWord[]): Block[] {
  const rows: Block[] = [];
  let first = 0;
  for (let n = 1; n <= words.length; n++) {
    if (n < words.length && n - first < ROW_WORDS && !isEnd(words[n - 1]!, words[n]!)) continue;
    rows.push({ first, last: n });
    first = n;
  }
  return rows;
}

/** The row that is said at a time, the last one before it while nobody speaks; -1 before the first. */
export function rowAt(rows: readonly Block[], words: readonly TimedWord[], time: number): number {
  return rows.findLastIndex(({ first }) => words[first]!.start <= time + 1e-3);
}
