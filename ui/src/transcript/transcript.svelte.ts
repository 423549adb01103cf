// One recording's words on the page: read, written down, corrected, replaced; they come in while they are heard.
import { api, ask } from '../api/client';
import { asError, type ApiError } from '../api/errors';
import { live } from '../api/events.svelte';
import { readSpeech, readTranscript } from '../api/transcript';
import type { Job, Sentence, Speech, TimedWord, Transcript } from '../api/types';
import { corrected, extended, folded, wordsOf } from './words';

/** What a transcript can be asked with; empty means "as FastClip thinks best". */
export interface Wish {
  model: string;
  language: string;
}

interface Correction {
  position: number;
  before: string;
}

/** The server tells us of our own corrections too; so long after one we need not read all words again. */
const OWN_MS = 3000;

export class TranscriptStore {
  sentences = $state.raw<readonly Sentence[]>([]);
  /** Null until it was read, or where there is none. */
  facts = $state.raw<Transcript | null>(null);
  /** Another transcript of the same source that is being made; the words that are here stay until it is complete. */
  renewal = $state.raw<Transcript | null>(null);
  speech = $state.raw<Speech | null>(null);
  isRead = $state(false);
  /** Why nothing could be read. */
  error = $state.raw<ApiError | null>(null);
  /** While an ask is under way. */
  isAsking = $state(false);
  corrections = $state.raw<readonly Correction[]>([]);

  readonly words: readonly TimedWord[] = $derived.by(() => wordsOf(this.sentences));
  readonly plain: readonly string[] = $derived.by(() => this.words.map(({ word }) => folded(word)));
  /** The one that is being made, else the one that is here. */
  readonly made: Transcript | null = $derived(this.renewal ?? this.facts);
  readonly job: Job | null = $derived.by(() => live.jobs.get(this.made?.job_id ?? '') ?? null);
  readonly isBeingHeard = $derived(this.made?.status === 'pending' || this.made?.status === 'processing');
  readonly isReady = $derived(this.facts?.status === 'ready');
  /** One that was canceled or broke off; what was heard of it is kept. */
  readonly isBroken = $derived(this.facts?.status === 'failed');

  #corrected_at = 0;
  #reading = 0;

  constructor(readonly file_id: string) {}

  /** Reads what there is and goes on hearing of it; answers with the function that ends that. */
  open(): () => void {
    void this.read();
    const deaf = [
      live.on('transcript', (news) => news.file_id === this.file_id && this.#take(news)),
      live.on('job', (job) => job.file_id === this.file_id && job.kind === 'transcript' && this.#follow(job)),
    ];
    return () => deaf.forEach((stop) => stop());
  }

  async read(): Promise<void> {
    const reading = ++this.#reading;
    this.error = null;
    try {
      const speech = await readSpeech(this.file_id);
      const facts = await readTranscript(this.file_id, speech).catch(nullWhenMissing);
      if (reading !== this.#reading) return;
      this.speech = speech;
      this.#set(facts);
    } catch (thrown) {
      if (reading === this.#reading) this.error = asError(thrown);
    } finally {
      if (reading === this.#reading) this.isRead = true;
    }
  }

  async readSpeech(): Promise<void> {
    this.speech = await readSpeech(this.file_id);
  }

  /** Asks for the words to be written down. Throws what the server refuses. */
  async write({ model, language }: Wish): Promise<void> {
    if (this.isAsking) return;
    this.isAsking = true;
    try {
      const body = { file_id: this.file_id, ...(model ? { model } : {}), ...(language ? { language } : {}) };
      const prefer = { Prefer: 'respond-async' };
      const said = await ask(api.POST('/v1/transcript', { body, headers: prefer }));
      if (said.segments) this.#set(said as Transcript);
      else await this.#readJob(said.job_id ?? '');
    } finally {
      this.isAsking = false;
    }
  }

  async cancel(): Promise<void> {
    const path = { job_id: this.made?.job_id ?? '' };
    live.put(await ask(api.POST('/v1/clip/{job_id}/cancel', { params: { path }, body: {} })));
    await this.read();
  }

  /** Writes one word differently; it shows at once, and goes back when the server refuses. */
  async correct(position: number, word: string): Promise<void> {
    const before = this.words[position]?.word;
    if (before === undefined || before === word || !word) return;
    this.corrections = [...this.corrections, { position, before }];
    try {
      await this.#write(position, word);
    } catch (thrown) {
      this.corrections = this.corrections.filter((one) => one.position !== position || one.before !== before);
      this.sentences = corrected(this.sentences, position, before);
      throw thrown;
    }
  }

  /** Takes the last correction back; answers with the word's place. */
  async undo(): Promise<number | null> {
    const last = this.corrections.at(-1);
    if (!last) return null;
    this.corrections = this.corrections.slice(0, -1);
    await this.#write(last.position, last.before);
    return last.position;
  }

  /** Puts the words of a subtitle file in the place of what was heard. Throws what the server refuses. */
  async replace(file: File): Promise<void> {
    const form = file.name.toLowerCase().endsWith('.vtt') ? 'vtt' : 'srt';
    const said = await ask(
      api.PUT('/v1/transcript/{name}', {
        params: { path: { name: `${this.file_id}.${form}` } },
        body: await file.text(),
        bodySerializer: (body) => body,
        headers: { 'Content-Type': form === 'vtt' ? 'text/vtt' : 'application/x-subrip' },
      }),
    );
    this.#corrected_at = Date.now();
    this.#set(said);
  }

  async #write(position: number, word: string): Promise<void> {
    this.#corrected_at = Date.now();
    this.sentences = corrected(this.sentences, position, word);
    const path = { file_id: this.file_id, position };
    await ask(api.PATCH('/v1/transcript/{file_id}/words/{position}', { params: { path }, body: { word } }));
    this.#corrected_at = Date.now();
  }

  /** A new set of words: corrections of the one before have no meaning in it. */
  #set(facts: Transcript | null): void {
    this.facts = facts;
    this.renewal = facts?.renewal ?? null;
    this.sentences = facts?.segments ?? [];
    this.corrections = [];
  }

  /** What the new job makes; of a renewal the server tells by events only. */
  async #readJob(job_id: string): Promise<void> {
    const path = { job_id };
    const job = await ask(api.GET('/v1/clip/{job_id}', { params: { path } })).catch(() => null);
    if (job && !live.jobs.has(job_id)) live.put({ ...job, kind: 'transcript', file_id: this.file_id });
    if (this.isReady) this.renewal = { ...this.facts!, job_id, status: 'pending', progress: 0, covered: 0 };
    else await this.read();
  }

  #take(news: Transcript): void {
    if (news.status === 'ready') {
      if (Date.now() - this.#corrected_at > OWN_MS) void this.read();
      return;
    }
    if (!this.isRead) return;
    if (this.isReady) {
      this.renewal = news.status === 'failed' ? null : news;
      return;
    }
    if (news.job_id !== this.facts?.job_id) return void this.read();
    this.facts = news;
    this.sentences = extended(this.sentences, news.segments);
  }

  #follow(job: Job): void {
    const isOver = job.status === 'complete' || job.status === 'failed';
    if (isOver && this.isBeingHeard && job.job_id === this.made?.job_id) void this.read();
  }
}

function nullWhenMissing(thrown: unknown): null {
  if (asError(thrown).status === 404) return null;
  throw thrown;
}
