// From segments to clips: asks for the cut, and follows its jobs wherever they were begun.
import { toast } from 'svelte-sonner';
import { api, ask } from '../api/client';
import { asError } from '../api/errors';
import { live } from '../api/events.svelte';
import type { ClipAsk, ClipQueued, Job, Range } from '../api/types';
import { text } from '../strings';

export interface Output {
  format: string;
  quality: string | null;
  captions?: string | null;
}

export class Cutting {
  /** While the ask itself is under way. */
  isAsking = $state(false);

  /** All jobs of this source that make clips, the newest first. */
  readonly jobs: Job[] = $derived.by(() =>
    [...live.jobs.values()].filter((job) => job.file_id === this.file_id && makesClips(job)).sort(newestFirst),
  );

  /** How many clips there are, or will be. */
  readonly count: number = $derived(this.jobs.reduce((sum, { kind, clips }) => sum + (kind === 'auto' ? (clips ?? []).length : 1), 0));

  /** The same ask has the same key, so that one sent twice over a bad line is cut and paid once. */
  #sent: { ask: string; key: string } | null = null;

  constructor(readonly file_id: string) {}

  /** Asks for the clips, or for one clip of all ranges; whether at least one was taken. */
  async cut(ranges: readonly Range[], output: Output, merge = false): Promise<boolean> {
    if (this.isAsking) return false;
    this.isAsking = true;
    try {
      const queued = await this.#ask({ ...this.#askFor(ranges, output), ...(merge ? { merge: true as const } : {}) });
      if (queued.status === 'partial') toast.warning(text.studio.cutting.partial(queued.error ?? ''));
      await this.#show(queued);
      return true;
    } catch (thrown) {
      toast.error(asError(thrown).sentence);
      return false;
    } finally {
      this.isAsking = false;
    }
  }

  /** Asks once more for what failed: the same ranges, joined if they were, in the same captions. */
  async again(job: Job): Promise<void> {
    const quality = job.quality || null;
    if (job.kind === 'captions') return this.#captionAgain(job, quality);
    if (job.segments.length) return void (await this.cut(job.segments, { format: job.format, quality }, true));
    if (job.start === null || job.end === null) return;
    const captions = job.preset_ref;
    await this.cut([{ start: job.start, end: job.end }], { format: job.format, quality, captions });
  }

  async #captionAgain({ of_clip_id, preset_ref }: Job, quality: string | null): Promise<void> {
    if (this.isAsking || preset_ref === null) return;
    this.isAsking = true;
    const what = of_clip_id === null ? { file_id: this.file_id } : { clip_id: of_clip_id };
    try {
      const body = { ...what, preset_ref, ...(quality === null ? {} : { quality }) };
      await this.#show(await ask(api.POST('/v1/captions', { body })));
    } catch (thrown) {
      toast.error(asError(thrown).sentence);
    } finally {
      this.isAsking = false;
    }
  }

  async cancel(job: Job): Promise<void> {
    try {
      const path = { job_id: job.job_id };
      live.put(await ask(api.POST('/v1/clip/{job_id}/cancel', { params: { path }, body: {} })));
    } catch (thrown) {
      toast.error(asError(thrown).sentence);
    }
  }

  #askFor(ranges: readonly Range[], { format, quality, captions }: Output): ClipAsk {
    const segments = ranges.map(({ start, end }) => ({ start, end }));
    const body: ClipAsk = { file_id: this.file_id, segments, format };
    if (quality !== null) body.quality = quality;
    if (captions) body.captions = { preset_ref: captions };
    return body;
  }

  async #ask(body: ClipAsk): Promise<ClipQueued> {
    const asked = JSON.stringify(body);
    const key = this.#sent?.ask === asked ? this.#sent.key : freshKey();
    this.#sent = { ask: asked, key };
    try {
      const queued = await ask(api.POST('/v1/clip', { body, headers: { 'Idempotency-Key': key } }));
      this.#sent = null;
      return queued;
    } catch (thrown) {
      if (!asError(thrown).isUnreachable) this.#sent = null;
      throw thrown;
    }
  }

  /** Shows the new jobs before their first event comes; without an answer they come with their events. */
  async #show({ job_id, job_ids }: Pick<ClipQueued, 'job_id' | 'job_ids'>): Promise<void> {
    const fresh = new Set(job_ids ?? [job_id]);
    const query = { state: 'all', limit: 100 } as const;
    const listed = await ask(api.GET('/v1/jobs', { params: { query } })).catch(() => null);
    for (const job of listed?.data ?? []) if (fresh.has(job.job_id) && !live.jobs.has(job.job_id)) live.put(job);
  }
}

/** Searches have a tab of their own. */
const NO_CLIPS = new Set(['transcript', 'analyze']);
const makesClips = (job: Job): boolean => !NO_CLIPS.has(job.kind);

function newestFirst(a: Job, b: Job): number {
  return b.created_at.localeCompare(a.created_at) || (a.start ?? 0) - (b.start ?? 0);
}

/** `crypto.randomUUID` is not there on plain HTTP. */
const freshKey = (): string =>
  `cut-${[...crypto.getRandomValues(new Uint32Array(4))].map((n) => n.toString(36)).join('-')}`;
