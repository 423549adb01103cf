// Clips made from one search: asks for them, and follows the newest such job of a recording.
import { toast } from 'svelte-sonner';
import { api, ask } from '../api/client';
import { asError } from '../api/errors';
import { live } from '../api/events.svelte';
import { isLive, type AutoAsk, type Job } from '../api/types';

export class Making {
  isAsking = $state(false);
  /** Whether a language model, where there is one, reads the whole transcript. */
  readsAll = $state(false);
  quality = $state<string | null>(null);
  format = $state('');

  readonly job: Job | null = $derived.by(() => newest(live.jobs.values(), this.file_id));
  readonly isRunning = $derived(this.job !== null && isLive(this.job));

  constructor(
    readonly file_id: string,
    format: string,
  ) {
    this.format = format;
  }

  /** captions: the preset_ref of what is drawn into each clip. */
  async start(query: string, quality: string | null, captions: string | null): Promise<void> {
    if (this.isAsking || this.isRunning) return;
    this.isAsking = true;
    const body: AutoAsk = { file_id: this.file_id, query, format: this.format };
    if (quality !== null) body.quality = quality;
    if (this.readsAll) body.read_everything = true;
    if (captions !== null) body.captions = { preset_ref: captions };
    try {
      const { job_id } = await ask(api.POST('/v1/clip/auto', { body }));
      const listed = await ask(api.GET('/v1/jobs', { params: { query: { state: 'all', limit: 100 } } }));
      for (const job of listed.data) if (job.job_id === job_id && !live.jobs.has(job_id)) live.put(job);
    } catch (thrown) {
      toast.error(asError(thrown).sentence);
    } finally {
      this.isAsking = false;
    }
  }

  async cancel(): Promise<void> {
    if (!this.job) return;
    try {
      const path = { job_id: this.job.job_id };
      live.put(await ask(api.POST('/v1/clip/{job_id}/cancel', { params: { path }, body: {} })));
    } catch (thrown) {
      toast.error(asError(thrown).sentence);
    }
  }
}

function newest(jobs: Iterable<Job>, file_id: string): Job | null {
  const mine = [...jobs].filter((job) => job.kind === 'auto' && job.file_id === file_id);
  return mine.sort((a, b) => b.created_at.localeCompare(a.created_at))[0] ?? null;
}
