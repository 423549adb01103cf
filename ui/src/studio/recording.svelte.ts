// One source as the studio needs it: the server's word on it, its preview, and what is drawn from it as it comes.
import { api, ask } from '../api/client';
import { ApiError, asError } from '../api/errors';
import { live } from '../api/events.svelte';
import type { Preview, Upload } from '../api/types';
import { text } from '../strings';
import { clockOf, type Clock } from './frames';
import { waveOf, type Wave } from './wave';

export interface Filmstrip {
  picture: ImageBitmap;
  columns: number;
  count: number;
  interval: number;
  tileWidth: number;
  tileHeight: number;
}

const POLL_MS = 1200;
const AWAY_MS = 5000;

export class Recording {
  upload = $state.raw<Upload | null>(null);
  preview = $state.raw<Preview | null>(null);
  wave = $state.raw<Wave | null>(null);
  filmstrip = $state.raw<Filmstrip | null>(null);
  /** Why there is nothing to show: gone, failed, or the server is not there. */
  error = $state.raw<unknown>(null);

  #frameStarts = $state.raw<Uint32Array | null>(null);
  readonly clock: Clock | null = $derived.by(() => {
    const { preview } = this;
    return preview && clockOf(preview.fps, preview.duration, this.#frameStarts, preview.frame_times?.unit_s);
  });

  #path: { params: { path: { file_id: string } } };
  #stop = new AbortController();
  #wake: () => void = () => undefined;
  #asked = new Set<string>();

  constructor(readonly file_id: string) {
    this.#path = { params: { path: { file_id } } };
  }

  /** Keeps reading until everything has come; answers with the function that ends it. */
  open(): () => void {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    const poke = (event: { file_id: string }) => {
      if (event.file_id === this.file_id) this.#wake();
    };
    const deaf = [live.on('upload', poke), live.on('preview', poke)];
    void this.#read(signal);
    return () => {
      for (const stop of deaf) stop();
      this.#stop.abort();
      this.#wake();
      this.filmstrip?.picture.close();
    };
  }

  retry(): void {
    this.error = null;
    void this.#read(this.#stop.signal);
  }

  /** Fresh addresses for what was already known; null when the server would not give them. */
  async renew(): Promise<Preview | null> {
    try {
      this.preview = await ask(api.GET('/v1/upload/{file_id}/preview', this.#path));
      return this.preview;
    } catch (thrown) {
      this.error = asError(thrown);
      return null;
    }
  }

  /** Asks for a copy that every browser plays. */
  async askForProxy(): Promise<void> {
    try {
      this.preview = await ask(api.POST('/v1/upload/{file_id}/proxy', { ...this.#path, body: {} }));
    } catch (thrown) {
      this.error = asError(thrown);
    }
    this.#wake();
    if (!this.#isReading) void this.#read(this.#stop.signal);
  }

  #isReading = false;

  async #read(signal: AbortSignal): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (!signal.aborted && (await this.#look())) await this.#sleep(live.isConnected ? POLL_MS * 2 : POLL_MS);
    } finally {
      this.#isReading = false;
    }
  }

  /** One look at the server; whether there is more to come. */
  async #look(): Promise<boolean> {
    try {
      if (this.upload?.status !== 'ready') this.upload = await ask(api.GET('/v1/upload/{file_id}', this.#path));
      if (this.upload.status === 'failed') throw refused(this.upload);
      if (this.upload.status !== 'ready') return true;
      const preview = await ask(api.GET('/v1/upload/{file_id}/preview', this.#path));
      this.preview = preview;
      this.#fetchParts(preview);
      return preview.status === 'preparing' || isComing(preview);
    } catch (thrown) {
      const error = asError(thrown);
      if (error.isUnreachable && this.preview) {
        await this.#sleep(AWAY_MS);
        return true;
      }
      this.error = error;
      return false;
    }
  }

  #fetchParts(preview: Preview): void {
    const { peaks, filmstrip, frame_times } = preview;
    if (peaks) {
      this.#once('peaks', peaks.url, async (answer) => {
        this.wave = waveOf(new Uint8Array(await answer.arrayBuffer()), peaks.per_second);
      });
    }
    if (frame_times) {
      this.#once('frames', frame_times.url, async (answer) => {
        this.#frameStarts = new Uint32Array(await answer.arrayBuffer());
      });
    }
    if (filmstrip) {
      this.#once('filmstrip', filmstrip.url, async (answer) => {
        const { columns, count, interval, tile_width: tileWidth, tile_height: tileHeight } = filmstrip;
        const picture = await createImageBitmap(await answer.blob());
        this.filmstrip = { picture, columns, count, interval, tileWidth, tileHeight };
      });
    }
  }

  /** Each part is fetched once; one that does not come leaves its lane empty and costs nothing else. */
  #once(part: string, url: string, take: (answer: Response) => Promise<void>): void {
    if (this.#asked.has(part)) return;
    this.#asked.add(part);
    const taking = async () => {
      const answer = await fetch(url, { signal: this.#stop.signal });
      if (!answer.ok) throw new ApiError(text.errors.ours, 'unknown', answer.status);
      await take(answer);
    };
    taking().catch(() => this.#asked.delete(part));
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

const isComing = ({ proxy }: Preview): boolean => proxy?.status === 'pending' || proxy?.status === 'processing';

const refused = (upload: Upload): ApiError => new ApiError(upload.error ?? text.errors.ours, 'validation_failed', 422);
