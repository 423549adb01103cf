// One file on its way to the server: parts in parallel, each tried again, paused, resumed, and gone on with after a
// reload. Follows the API reference, "Multipart upload flow".
import { ApiError, asError } from '../api/errors';
import { isSameFile, type FileIdentity, type Unfinished } from './memory';
import type { Outside, Phase, Progress } from './outside';
import { Pace } from './pace';
import { bytesDone, missingParts, partCount, partRange, partSize } from './parts';
import { ATTEMPTS, backoff } from './patience';
import { PutError } from './put';
import { text } from '../strings';

const RESUMABLE = new Set<Phase>(['waiting', 'paused', 'stopped']);
const ENDED = new Set<Phase>(['ready', 'failed', 'canceled']);
const LANES = 4;
const POLL_MS = 700;
const POLL_SLOWER_MS = 2000;
/** The server no longer knows this upload: it is begun again. */
const GONE = new Set([404, 409, 410]);
const EXPIRED = new Set([401, 403]);
const PASSING = new Set([0, 408, 425, 429, 500, 502, 503, 504]);

type Sendable = FileIdentity & Pick<File, 'type' | 'slice'>;

export class Transfer {
  #state: Progress;
  #unfinished: Unfinished | null = null;
  #urls = new Map<number, string>();
  /** Bytes sent of the parts that are on their way. */
  #inFlight = new Map<number, number>();
  #pace = new Pace();
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #hasBegunAnew = false;

  constructor(
    readonly file: Sendable,
    private readonly outside: Outside,
    private readonly onChange: (progress: Progress) => void,
  ) {
    this.#state = {
      phase: 'waiting',
      sent: 0,
      total: file.size,
      speed: null,
      left_s: null,
      error: null,
      file_id: null,
      upload: null,
    };
  }

  get progress(): Progress {
    return this.#state;
  }

  /** Begins, or goes on after `pause` or `stopped`. Resolves when there is nothing more to do for now. */
  run(): Promise<void> {
    if (!RESUMABLE.has(this.#state.phase)) return this.#running;
    this.#tell({ phase: 'sending', error: null });
    const { signal } = (this.#stop = new AbortController());
    this.#running = this.#running.then(() => this.#attempt(signal));
    return this.#running;
  }

  pause(): void {
    if (!['sending', 'offline'].includes(this.#state.phase)) return;
    this.#halt();
    this.#tell({ phase: 'paused', sent: this.#sent(), speed: null, left_s: null });
  }

  /** Stops for good and lets the server throw away what it has. */
  async cancel(): Promise<void> {
    if (ENDED.has(this.#state.phase)) return;
    this.#halt();
    this.#tell({ phase: 'canceled', speed: null, left_s: null });
    await this.#running;
    const unfinished = this.#unfinished;
    if (!unfinished) return;
    await this.outside.memory.forget(unfinished);
    const { file_id, upload_id } = unfinished;
    await this.outside.wire.abort({ file_id, upload_id }).catch(() => undefined);
  }

  async #attempt(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    try {
      await this.#deliver(signal);
    } catch (thrown) {
      if (!signal.aborted) await this.#giveUp(thrown);
    }
  }

  async #deliver(signal: AbortSignal): Promise<void> {
    await this.#begin(signal);
    try {
      await this.#sendMissing(signal);
      await this.#complete(signal);
    } catch (thrown) {
      if (!isGone(thrown) || this.#hasBegunAnew) throw thrown;
      this.#hasBegunAnew = true;
      await this.#forget();
      return this.#deliver(signal);
    }
    await this.#settle(signal);
  }

  /** Finds what is remembered of this file, or asks the server for a new upload. */
  async #begin(signal: AbortSignal): Promise<void> {
    const { account, memory } = this.outside;
    this.#unfinished ??= await memory.find(account, this.file);
    this.#unfinished ??= await this.#initiate(signal);
    signal.throwIfAborted();
    this.#tell({ file_id: this.#unfinished.file_id, sent: this.#sent() });
  }

  async #initiate(signal: AbortSignal): Promise<Unfinished> {
    const { name, size, lastModified, type } = this.file;
    const { account, limits, wire, memory, now } = this.outside;
    const part_size = partSize(size, limits);
    const part_count = partCount(size, part_size);
    const content_type = /^[^/\s]+\/[^/\s]+$/.test(type) ? type : 'application/octet-stream';
    const begun = await this.#patiently(signal, () =>
      wire.initiate({ filename: name, content_type, file_size: size, part_size, part_count }),
    );
    for (const { part_number, url } of begun.parts) this.#urls.set(part_number, url);
    const { file_id, upload_id } = begun;
    const unfinished = { account, file_id, upload_id, name, size, lastModified, part_size, part_count };
    const saved: Unfinished = { ...unfinished, done: {}, saved_at: now() };
    await memory.save(saved);
    return saved;
  }

  async #sendMissing(signal: AbortSignal): Promise<void> {
    const { part_count, done } = this.#known();
    const queue = missingParts(part_count, done);
    await this.#fetchUrls(
      queue.filter((number) => !this.#urls.has(number)),
      signal,
    );
    const halted = new AbortController();
    const both = AbortSignal.any([signal, halted.signal]);
    const lane = async (): Promise<void> => {
      for (let number = queue.shift(); number !== undefined; number = queue.shift()) await this.#sendPart(number, both);
    };
    const lanes = Array.from({ length: Math.min(LANES, queue.length) }, lane);
    try {
      await Promise.all(lanes);
    } catch (thrown) {
      halted.abort();
      await Promise.allSettled(lanes);
      throw thrown;
    }
  }

  async #sendPart(number: number, signal: AbortSignal): Promise<void> {
    const { part_size, size } = this.#known();
    const { from, to } = partRange(number, part_size, size);
    const tag = await this.#patiently(signal, async () => {
      try {
        return await this.outside.put(this.#urls.get(number)!, this.file.slice(from, to), this.#count(number), signal);
      } catch (thrown) {
        this.#inFlight.delete(number);
        if (thrown instanceof PutError && EXPIRED.has(thrown.status)) await this.#fetchUrls([number], signal);
        throw thrown;
      }
    });
    this.#inFlight.delete(number);
    const unfinished = this.#known();
    unfinished.done[number] = tag;
    unfinished.saved_at = this.outside.now();
    this.#report();
    await this.outside.memory.save(unfinished);
  }

  async #fetchUrls(numbers: number[], signal: AbortSignal): Promise<void> {
    if (numbers.length === 0) return;
    const { file_id, upload_id } = this.#known();
    const ask = { file_id, upload_id, part_numbers: numbers };
    const { parts } = await this.#patiently(signal, () => this.outside.wire.refresh(ask));
    for (const { part_number, url } of parts) this.#urls.set(part_number, url);
  }

  async #complete(signal: AbortSignal): Promise<void> {
    const { file_id, upload_id, part_count, done } = this.#known();
    this.#tell({ phase: 'finishing', sent: this.file.size, speed: null, left_s: null });
    const parts = missingParts(part_count, {}).map((part_number) => ({
      part_number,
      etag: done[part_number]!,
    }));
    await this.#patiently(signal, () => this.outside.wire.complete({ file_id, upload_id, parts }));
    await this.#forget();
    this.#tell({ phase: 'checking' });
  }

  /** Asks until the server has looked at the file. */
  async #settle(signal: AbortSignal): Promise<void> {
    const file_id = this.#state.file_id!;
    for (let round = 0; ; round++) {
      const upload = await this.#patiently(signal, () => this.outside.wire.status(file_id));
      if (upload.status === 'ready') return this.#tell({ phase: 'ready', upload });
      if (upload.status === 'failed') return this.#tell({ phase: 'failed', upload, error: upload.error });
      await this.outside.pause(round < 10 ? POLL_MS : POLL_SLOWER_MS, signal);
    }
  }

  /** Tries again what fails for a while only. Time without a network does not count as an attempt. */
  async #patiently<T>(signal: AbortSignal, act: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted();
      try {
        return await act();
      } catch (thrown) {
        if (signal.aborted || !isPassing(thrown)) throw thrown;
        if (!this.outside.isOnline()) {
          await this.#waitForNetwork(signal);
          attempt = -1;
        } else if (attempt + 1 >= ATTEMPTS) throw thrown;
        else await this.outside.pause(backoff(attempt), signal);
      }
    }
  }

  async #waitForNetwork(signal: AbortSignal): Promise<void> {
    const { phase } = this.#state;
    if (phase !== 'offline') this.#tell({ phase: 'offline', speed: null, left_s: null });
    await this.outside.untilOnline(signal);
    this.#pace.rest();
    if (this.#state.phase === 'offline') this.#tell({ phase: phase === 'offline' ? 'sending' : phase });
  }

  async #giveUp(thrown: unknown): Promise<void> {
    const quiet = { speed: null, left_s: null };
    if (isPassing(thrown) || statusOf(thrown) === 401) {
      const error = (await this.#isReadable()) ? sentenceOf(thrown) : text.uploads.errors.unreadable(this.file.name);
      return this.#tell({ phase: 'stopped', error, sent: this.#sent(), ...quiet });
    }
    await this.#forget();
    this.#tell({ phase: 'failed', error: sentenceOf(thrown), ...quiet });
  }

  /** A file that was changed or moved while it was sent looks like a lost connection; asking it for a byte tells. */
  async #isReadable(): Promise<boolean> {
    try {
      await this.file.slice(0, 1).arrayBuffer();
      return true;
    } catch {
      return false;
    }
  }

  async #forget(): Promise<void> {
    if (this.#unfinished) await this.outside.memory.forget(this.#unfinished);
    this.#unfinished = null;
    this.#urls.clear();
    this.#inFlight.clear();
  }

  #halt(): void {
    this.#stop.abort();
    this.#inFlight.clear();
    this.#pace.rest();
  }

  #known(): Unfinished {
    if (!this.#unfinished || !isSameFile(this.#unfinished, this.file)) throw new Error('no upload has begun');
    return this.#unfinished;
  }

  #count(number: number): (bytes: number) => void {
    return (bytes) => {
      this.#inFlight.set(number, bytes);
      this.#report();
    };
  }

  #sent(): number {
    if (!this.#unfinished) return 0;
    const { done, part_size, size } = this.#unfinished;
    const onTheWay = [...this.#inFlight.values()].reduce((sum, bytes) => sum + bytes, 0);
    return Math.min(size, bytesDone(done, part_size, size) + onTheWay);
  }

  #report(): void {
    if (this.#state.phase === 'offline') this.#tell({ phase: 'sending' });
    if (this.#state.phase !== 'sending') return;
    const sent = this.#sent();
    this.#pace.note(sent, this.outside.now());
    const { speed } = this.#pace;
    this.#tell({ sent, speed, left_s: this.#pace.secondsFor(this.file.size - sent) });
  }

  #tell(change: Partial<Progress>): void {
    this.#state = { ...this.#state, ...change };
    this.onChange(this.#state);
  }
}

function statusOf(thrown: unknown): number {
  if (thrown instanceof PutError) return thrown.status;
  return asError(thrown).status;
}

const isGone = (thrown: unknown): boolean => GONE.has(statusOf(thrown));

/** A refusal of a part because its address ran out is passing too: by then there is a new address. */
function isPassing(thrown: unknown): boolean {
  const status = statusOf(thrown);
  return PASSING.has(status) || (thrown instanceof PutError && EXPIRED.has(status));
}

function sentenceOf(thrown: unknown): string {
  if (thrown instanceof PutError) return thrown.sentence ?? text.uploads.errors.connection;
  return thrown instanceof ApiError && !thrown.isUnreachable ? thrown.sentence : text.uploads.errors.connection;
}
