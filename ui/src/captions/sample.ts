// Words to try a style on: a typed text at the pace of somebody who speaks.
import type { SpokenWord } from '../api/types';

export const MAX_CHARS = 400;
const FIRST_S = 0.3;
const WORD_S = 0.11;
const LETTER_S = 0.043;
const BREATH_S = 0.017;
const PAUSE_S = 0.45;
/** After the last word, before a loop begins anew. */
const REST_S = 0.7;
const ENDS = /[.!?…。！？]["'”’)]*$/;
/** Written without spaces: every two letters take about the time of a word. */
const UNSPACED = /[\u3040-\u30ff\u3400-\u9fff]/;

export function spoken(text: string): SpokenWord[] {
  const words: SpokenWord[] = [];
  let at = FIRST_S;
  for (const word of text.slice(0, MAX_CHARS).split(/\s+/).filter(Boolean)) {
    const letters = UNSPACED.test(word) ? word.length * 3 : word.length;
    const took = WORD_S + LETTER_S * letters;
    words.push({ word, start: rounded(at), end: rounded(at + took) });
    at += took + BREATH_S + (ENDS.test(word) ? PAUSE_S : 0);
  }
  return words;
}

export const lengthOf = (words: readonly SpokenWord[]): number => (words.at(-1)?.end ?? 0) + REST_S;

const rounded = (seconds: number): number => Math.round(seconds * 1000) / 1000;
