// What a style is tried on: a text of one's own, or a clip or recording of one's own with the words said in it.
import { api, ask } from '../api/client';
import { readTranscript } from '../api/transcript';
import type { Clip, SpokenWord, TimedWord, Upload } from '../api/types';
import { text } from '../strings';
import { around, blockAt, blocksOf, type Block } from './reach';
import { lengthOf, spoken } from './sample';

const STORED = 'fastclip.captions.text';

export interface Picture {
  url: string;
  poster: string | null;
  width: number;
  height: number;
}

/** A clip or an upload; its words are those of `file_id`, from `start` to `end` of that. */
export interface Source {
  clip: Clip | null;
  name: string;
  file_id: string | null;
  start: number;
  end: number;
  /** Of the whole, in seconds: what captions on it are paid by. */
  duration: number;
  picture: Picture;
}

export class Sample {
  typed = $state(localStorage.getItem(STORED) ?? text.captions.sample.text);
  source = $state.raw<Source | null>(null);
  /** The words said in the source; null where nobody has heard them yet. */
  heard = $state.raw<TimedWord[] | null>(null);
  /** While a source and its words are read. */
  isReading = $state(false);

  readonly #blocks: Block[] = $derived.by(() => blocksOf(this.heard ?? []));
  /** The block of words that is said where the sample stands. */
  #block = $state(0);

  /** The words to draw: of a long recording those around where the sample stands. */
  readonly words: SpokenWord[] = $derived.by(() =>
    this.heard ? around(this.#blocks, this.heard, this.#block).map(bare) : spoken(this.typed),
  );
  /** Whether these are all words. */
  readonly isWhole: boolean = $derived(this.words.length === (this.heard ?? this.words).length);
  readonly duration: number = $derived.by(() =>
    this.source ? this.source.end - this.source.start : lengthOf(this.words),
  );

  /** Tells where the sample stands. */
  reach(time: number): void {
    this.#block = this.heard ? blockAt(this.#blocks, this.heard, time) : 0;
  }

  type(typed: string): void {
    this.typed = typed;
    try {
      localStorage.setItem(STORED, typed);
    } catch {
      // The text is forgotten with the page, then.
    }
  }

  useText(): void {
    this.source = null;
    this.heard = null;
  }

  async useClip(clip: Clip): Promise<void> {
    const [width, height] = (clip.aspect_ratio ?? '16:9').split(':').map(Number) as [number, number];
    const picture = { url: clip.download_url, poster: clip.thumbnail_url, width, height };
    const start = clip.start ?? 0;
    await this.#use({
      clip,
      name: clip.title,
      file_id: clip.source_file_id,
      start,
      end: start + clip.duration,
      duration: clip.duration,
      picture,
    });
  }

  async useUpload({ file_id, filename }: Upload): Promise<void> {
    const path = { file_id };
    const preview = await ask(api.GET('/v1/upload/{file_id}/preview', { params: { path } }));
    const { width, height, duration, poster_url: poster } = preview;
    const url = preview.proxy?.url ?? preview.source.url;
    const picture = { url, poster, width, height };
    await this.#use({ clip: null, name: filename, file_id, start: 0, end: duration, duration, picture });
  }

  /** Reads the words anew, as after one was corrected or they were heard. */
  async readWords(): Promise<void> {
    const { source } = this;
    const all = source?.file_id ? await heardIn(source.file_id) : null;
    if (source !== this.source || !source) return;
    this.heard = all && within(all, source.start, source.end);
  }

  async #use(source: Source): Promise<void> {
    this.source = source;
    this.heard = null;
    this.isReading = true;
    try {
      await this.readWords();
    } finally {
      this.isReading = false;
    }
  }
}

/** All words of a recording; null where nobody has heard them, or it is gone. */
export async function heardIn(file_id: string): Promise<TimedWord[] | null> {
  try {
    const transcript = await readTranscript(file_id);
    return transcript?.status === 'ready' ? transcript.segments.flatMap(({ words }) => words) : null;
  } catch {
    return null;
  }
}

/** The words that lie between two times with at least half their length, on a line that begins with `start`. */
export function within(words: readonly TimedWord[], start: number, end: number): TimedWord[] {
  return words
    .filter((word) => {
      const inside = Math.min(word.end, end) - Math.max(word.start, start);
      return inside > 0 && inside >= (word.end - word.start) / 2;
    })
    .map((word) => ({
      ...word,
      start: rounded(Math.max(word.start, start) - start),
      end: rounded(Math.min(word.end, end) - start),
    }));
}

const bare = ({ word, start, end }: TimedWord): SpokenWord => ({ word, start, end });
const rounded = (seconds: number): number => Math.round(seconds * 1e6) / 1e6;
