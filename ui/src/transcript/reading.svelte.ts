// How a transcript is being read: which words are marked, which one is written over, what is looked for.
import type { TimedWord } from '../api/types';
import type { TranscriptStore } from './transcript.svelte';
import { found, nextSpan, spanOf, type Span } from './words';

export class Reading {
  /** The word from which a selection is drawn, and the one to which. */
  anchor = $state<number | null>(null);
  head = $state<number | null>(null);
  /** Marked by a finger: a tap on another word reaches to there. */
  isByTouch = $state(false);
  /** While that finger still lies on the words: nothing may come to lie over them. */
  isHeld = $state(false);
  /** The word that is written over. */
  editing = $state<number | null>(null);
  query = $state('');
  #at = $state(0);
  /** Nobody stepped since this was asked: the first step goes to the place that shows already. */
  #isFresh = false;

  readonly selection: Span | null = $derived.by(() =>
    this.anchor === null || this.head === null ? null : spanOf(this.anchor, this.head),
  );
  readonly selected: readonly TimedWord[] = $derived.by(() =>
    this.selection ? this.store.words.slice(this.selection.first, this.selection.last + 1) : [],
  );
  readonly places: readonly Span[] = $derived.by(() => found(this.store.plain, this.query));
  readonly place: Span | null = $derived(this.places[this.#at] ?? null);
  /** Positions of all words that were looked for. */
  readonly hits: ReadonlySet<number> = $derived.by(() => {
    const hits = new Set<number>();
    for (const { first, last } of this.places) for (let n = first; n <= last; n++) hits.add(n);
    return hits;
  });

  constructor(readonly store: TranscriptStore) {}

  get at(): number {
    return this.#at;
  }

  /** `keep`: the selection reaches from where it began to here. */
  mark(position: number, keep = false): void {
    const last = this.store.words.length - 1;
    this.head = Math.max(0, Math.min(position, last));
    if (keep && this.anchor !== null) return;
    [this.anchor, this.isByTouch] = [this.head, false];
  }

  clear(): void {
    [this.anchor, this.head, this.editing, this.isByTouch] = [null, null, null, false];
  }

  /** Looks for something, from a word on. */
  find(query: string, from: number): void {
    this.query = query;
    this.#isFresh = true;
    this.#at = nextSpan(this.places, from);
  }

  step(by: 1 | -1): void {
    const count = this.places.length;
    if (count && !(this.#isFresh && by > 0)) this.#at = (this.#at + by + count) % count;
    this.#isFresh = false;
  }

  isSelected(position: number): boolean {
    return this.selection !== null && position >= this.selection.first && position <= this.selection.last;
  }
}
