// The one live stream of the page: jobs, uploads, previews, clips and balance as they change.
import { SvelteMap } from 'svelte/reactivity';
import { api, ask } from './client';
import { session } from './session.svelte';
import {
  isLive,
  type Balance,
  type ClipChange,
  type Job,
  type PreviewProgress,
  type Transcript,
  type Upload,
} from './types';

export interface LiveEvents {
  job: Job;
  upload: Upload;
  preview: PreviewProgress;
  clip: ClipChange;
  /** The sentences of the last minutes heard; none once it is ready. */
  transcript: Transcript;
  balance: Balance;
}

type Kind = keyof LiveEvents;
type Listener = (event: never) => void;

const KINDS: Kind[] = ['job', 'upload', 'preview', 'clip', 'transcript', 'balance'];
const RECENT_JOBS = 30;
const RETRY_MIN_MS = 1000;
const RETRY_MAX_MS = 20_000;

class LiveStream {
  readonly jobs = new SvelteMap<string, Job>();
  readonly uploads = new SvelteMap<string, Upload>();
  readonly previews = new SvelteMap<string, PreviewProgress>();
  isConnected = $state(false);
  /** True once a stream that was open has been lost and has not come back. */
  isLost = $state(false);

  readonly activeJobs = $derived.by(() => [...this.jobs.values()].filter(isLive));

  #listeners = new Map<Kind, Set<Listener>>();
  #source: EventSource | null = null;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #wait_ms = RETRY_MIN_MS;

  /** Hear each event of one kind as it comes; answers with the function that stops it. */
  on<K extends Kind>(kind: K, listener: (event: LiveEvents[K]) => void): () => void {
    const heard = this.#listeners.get(kind) ?? new Set();
    this.#listeners.set(kind, heard.add(listener as Listener));
    return () => heard.delete(listener as Listener);
  }

  /** Opens the stream and keeps it open until stop(). */
  start(): void {
    if (this.#source) return;
    const source = new EventSource('/v1/events');
    this.#source = source;
    source.onopen = () => this.#opened();
    source.onerror = () => this.#failed();
    for (const kind of KINDS) {
      source.addEventListener(kind, (message) => this.#take(kind, JSON.parse(message.data) as never));
    }
  }

  /** Closes the stream and forgets what it told, as on sign-out. */
  stop(): void {
    this.#close();
    this.jobs.clear();
    this.uploads.clear();
    this.previews.clear();
    this.isLost = false;
  }

  /** Puts an answer of a call into the store, so that it shows before its event comes. */
  put(job: Job): void {
    this.#take('job', job);
  }

  #close(): void {
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = null;
    this.isConnected = false;
  }

  #opened(): void {
    this.#wait_ms = RETRY_MIN_MS;
    this.isConnected = true;
    this.isLost = false;
    void this.#catchUp();
  }

  /** The browser retries a dropped stream itself, but gives up on a refusal: so close and retry by our own clock. */
  #failed(): void {
    this.isLost = this.isLost || this.isConnected;
    this.#close();
    this.#retry = setTimeout(() => this.start(), this.#wait_ms);
    this.#wait_ms = Math.min(this.#wait_ms * 2, RETRY_MAX_MS);
  }

  /** Asks once for what happened while nobody listened; only a job seen before counts as news to the listeners. */
  async #catchUp(): Promise<void> {
    try {
      const { data } = await ask(api.GET('/v1/jobs', { params: { query: { state: 'all', limit: RECENT_JOBS } } }));
      for (const job of data) {
        const known = this.jobs.get(job.job_id);
        if (known && known.status !== job.status) this.#take('job', job);
        else this.jobs.set(job.job_id, job);
      }
      await session.refreshBalance();
    } catch {
      // The stream tells on; a lost list is asked again at the next opening.
    }
  }

  #take<K extends Kind>(kind: K, event: LiveEvents[K]): void {
    if (kind === 'job') this.jobs.set((event as Job).job_id, event as Job);
    if (kind === 'upload') this.uploads.set((event as Upload).file_id, event as Upload);
    if (kind === 'preview') this.previews.set((event as PreviewProgress).file_id, event as PreviewProgress);
    if (kind === 'balance') session.balance = event as Balance;
    for (const listener of this.#listeners.get(kind) ?? []) listener(event as never);
  }
}

export const live = new LiveStream();
