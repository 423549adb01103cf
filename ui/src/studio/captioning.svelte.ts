// Captions of the segments as they will be cut: which segment is shown, its words, and what the server draws of them.
import { api, ask } from '../api/client';
import { live } from '../api/events.svelte';
import { isLive, type CaptionLook, type Finding, type Job, type TimedWord } from '../api/types';
import { Look } from '../captions/look.svelte';
import { around, blockAt, blocksOf } from '../captions/reach';
import { Review } from '../captions/review.svelte';
import { heardIn, within } from '../captions/sample.svelte';
import type { DocumentStore } from './document.svelte';
import type { Segment } from './document';
import type { Source } from './cost';
import type { Playback } from './playback.svelte';

export class Captioning {
  readonly look = new Look();
  readonly review = new Review();
  /** The words of the whole recording; null while nobody has heard them. */
  #all = $state.raw<TimedWord[] | null>(null);
  /** Whether it was looked for them. */
  isRead = $state(false);
  /** Counts corrections: what is drawn is asked anew. */
  #edits = $state(0);

  /** The segment under the playhead, else the selected one, else the first. */
  readonly segment: Segment | null = $derived.by(() => {
    const { segments } = this.document.now;
    const time = this.playback.time;
    const under = segments.find(({ start, end }) => time >= start && time < end);
    return under ?? this.document.selected ?? segments[0] ?? null;
  });
  /** On the segment's own line; outside it nothing is shown. */
  readonly time: number | null = $derived.by(() => {
    const { segment } = this;
    const time = this.playback.time;
    return segment && time >= segment.start && time < segment.end ? time - segment.start : null;
  });
  /** The words of the segment on its own line. */
  readonly words: TimedWord[] | null = $derived.by(() =>
    this.#all && this.segment ? within(this.#all, this.segment.start, this.segment.end) : null,
  );
  readonly hearing: Job | null = $derived.by(
    () =>
      [...live.jobs.values()].find((job) => job.file_id === this.file_id && job.kind === 'transcript' && isLive(job)) ??
      null,
  );
  readonly #blocks = $derived(blocksOf(this.words ?? []));
  readonly #block: number = $derived(blockAt(this.#blocks, this.words ?? [], this.time ?? 0));
  /** The style on a picture of the recording's shape; null while there is nothing to show. */
  readonly #styled: CaptionLook | null = $derived.by(() => {
    const { captions } = this.document.now;
    const { words, source } = this;
    if (!captions || !words?.length || this.#edits < 0) return null;
    const short = Math.min(source.width, source.height) || 1;
    const [width, height] = [source.width, source.height].map((side) => Math.round((side * 1080) / short));
    return { preset_ref: captions, width: width!, height: height! };
  });
  /** What is drawn: of a long segment the words around the playhead. */
  readonly asked: CaptionLook | null = $derived.by(() => {
    const words = around(this.#blocks, this.words ?? [], this.#block);
    return this.#styled && { ...this.#styled, words: words.map(({ word, start, end }) => ({ word, start, end })) };
  });
  /** What is looked through for something to mend: all words, where not all of them are drawn. */
  readonly askedWhole: CaptionLook | null = $derived.by(() => {
    const { segment } = this;
    if (!this.#styled || !segment || this.#blocks.length <= 2) return null;
    return { ...this.#styled, file_id: this.file_id, start: segment.start, end: segment.end };
  });
  readonly findings: Finding[] = $derived.by(() =>
    this.askedWhole ? this.review.findings : (this.look.drawn?.findings ?? []),
  );

  constructor(
    readonly file_id: string,
    private readonly source: Source,
    private readonly document: DocumentStore,
    private readonly playback: Playback,
  ) {}

  /** Reads the words, and again when they were heard or one was corrected. */
  async read(): Promise<void> {
    this.#all = await heardIn(this.file_id);
    this.isRead = true;
    this.#edits += 1;
  }

  async hear(): Promise<void> {
    const headers = { Prefer: 'respond-async' };
    await ask(api.POST('/v1/transcript', { body: { file_id: this.file_id }, headers }));
    const query = { state: 'active', limit: 20 } as const;
    const listed = await ask(api.GET('/v1/jobs', { params: { query } })).catch(() => null);
    for (const job of listed?.data ?? []) if (!live.jobs.has(job.job_id)) live.put(job);
    await this.read();
  }
}
