// One search after another in a recording: asks, follows the job wherever it was begun, and holds the answer.
import { toast } from 'svelte-sonner';
import { api, ask } from '../api/client';
import { asError, type ApiError } from '../api/errors';
import { live } from '../api/events.svelte';
import { isLive, type Job, type Moment, type Moments } from '../api/types';

export class Finding {
  query = $state('');
  readsAll = $state(false);
  /** While the ask itself is under way. */
  isAsking = $state(false);
  failure = $state.raw<ApiError | null>(null);
  answer = $state.raw<Moments | null>(null);

  /** The newest search in this recording, also one begun elsewhere. */
  readonly job: Job | null = $derived.by(() => newest(live.jobs.values(), this.file_id));
  readonly isRunning = $derived(this.job !== null && isLive(this.job));

  /** The job whose end was dealt with. */
  #seen: string | null = null;

  constructor(readonly file_id: string) {}

  async start(): Promise<void> {
    if (this.isAsking || this.isRunning) return;
    this.isAsking = true;
    this.failure = null;
    try {
      const query = this.query.trim();
      const body = { file_id: this.file_id, query, ...(this.readsAll ? { read_everything: true } : {}) };
      const said = await ask(api.POST('/v1/clip/analyze', { body, headers: { Prefer: 'respond-async' } }));
      if ('segments' in said) this.answer = said;
      else {
        this.answer = null;
        await this.#show(said.job_id);
      }
    } catch (thrown) {
      this.failure = asError(thrown);
    } finally {
      this.isAsking = false;
    }
  }

  /** Takes the answer of a job that has ended; each only once. */
  async take(job: Job): Promise<void> {
    if (isLive(job) || this.#seen === job.job_id) return;
    this.#seen = job.job_id;
    if (job.status === 'failed') return;
    try {
      const path = { job_id: job.job_id };
      const said = await ask(api.GET('/v1/clip/{job_id}', { params: { path } }));
      this.answer = said as unknown as Moments;
      this.query ||= this.answer.query ?? '';
    } catch (thrown) {
      this.failure = asError(thrown);
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

  /** Says what the person makes of a moment, for later versions to learn from; nothing hangs on it. */
  async note(moment: Moment, what: 'liked' | 'dismissed'): Promise<void> {
    const path = { moment_id: moment.moment_id };
    await ask(api.POST('/v1/moments/{moment_id}', { params: { path }, body: { what } })).catch(() => undefined);
  }

  /** Shows the new job before its first event comes. */
  async #show(job_id: string): Promise<void> {
    const query = { state: 'all', limit: 100 } as const;
    const listed = await ask(api.GET('/v1/jobs', { params: { query } })).catch(() => null);
    for (const job of listed?.data ?? []) if (job.job_id === job_id && !live.jobs.has(job_id)) live.put(job);
  }
}

function newest(jobs: Iterable<Job>, file_id: string): Job | null {
  const mine = [...jobs].filter((job) => job.kind === 'analyze' && job.file_id === file_id);
  return mine.sort((a, b) => b.created_at.localeCompare(a.created_at))[0] ?? null;
}
