// The clips on the page: one filter, read page by page, kept fresh by events.
import { api, ask } from '../api/client';
import { asError, type ApiError } from '../api/errors';
import type { Clip, ClipChange, ClipFilter } from '../api/types';
import { deletions } from './deletions.svelte';
import { unique } from './pages';

const PAGE = 24;
const PAGE_MAX = 100;

export class Shelf {
  state = $state<'loading' | 'ready' | 'failed'>('loading');
  error = $state<ApiError | null>(null);
  moreError = $state<ApiError | null>(null);
  isReadingMore = $state(false);
  hasMore = $derived.by(() => this.#next !== null);

  #clips = $state<Clip[]>([]);
  #total = $state(0);
  #next = $state<string | null>(null);
  #filter: ClipFilter = {};
  #asked = 0;

  readonly clips = $derived.by(() => this.#clips.filter((clip) => !deletions.isGone(clip.clip_id)));
  readonly total = $derived.by(() => this.#total - (this.#clips.length - this.clips.length));

  /** Shows the first page of another filter. An answer that another call has overtaken is dropped. */
  async load(filter: ClipFilter): Promise<void> {
    this.#filter = filter;
    if (!this.#clips.length) this.state = 'loading';
    const asked = ++this.#asked;
    try {
      const page = await this.#read({ limit: PAGE });
      if (asked !== this.#asked) return;
      [this.#clips, this.#total, this.#next] = [page.data, page.total, page.next_cursor];
      this.state = 'ready';
    } catch (thrown) {
      if (asked !== this.#asked) return;
      [this.error, this.state] = [asError(thrown), 'failed'];
    }
  }

  retry(): void {
    this.#clips = [];
    void this.load(this.#filter);
  }

  async more(): Promise<void> {
    if (!this.#next || this.isReadingMore) return;
    this.isReadingMore = true;
    this.moreError = null;
    const asked = this.#asked;
    try {
      const page = await this.#read({ limit: PAGE, cursor: this.#next });
      if (asked !== this.#asked) return;
      this.#clips = unique([...this.#clips, ...page.data]);
      [this.#total, this.#next] = [page.total, page.next_cursor];
    } catch (thrown) {
      this.moreError = asError(thrown);
    } finally {
      this.isReadingMore = false;
    }
  }

  /** Follows one change that the server told of. */
  follow({ clip_id, change }: ClipChange): void {
    if (change === 'removed') this.#drop(clip_id);
    else void this.#refresh();
  }

  /** Puts a changed clip in the place of its older self. */
  replace(clip: Clip): void {
    this.#clips = this.#clips.map((known) => (known.clip_id === clip.clip_id ? clip : known));
  }

  /** A clip by its id, from the page or else from further down the library; null where there is none. */
  async find(clipId: string): Promise<Clip | null> {
    let cursor: string | undefined;
    do {
      const page = await ask(api.GET('/v1/clips', { params: { query: { limit: PAGE_MAX, cursor } } }));
      const found = page.data.find((clip) => clip.clip_id === clipId);
      if (found) return found;
      cursor = page.next_cursor ?? undefined;
    } while (cursor);
    return null;
  }

  #drop(clipId: string): void {
    const kept = this.#clips.filter((clip) => clip.clip_id !== clipId);
    this.#total -= this.#clips.length - kept.length;
    this.#clips = kept;
  }

  /** Reads again what is shown, without a sign of it; a failure leaves what there is. */
  async #refresh(): Promise<void> {
    const asked = this.#asked;
    const limit = Math.min(Math.max(this.#clips.length, PAGE), PAGE_MAX);
    try {
      const page = await this.#read({ limit });
      if (asked !== this.#asked) return;
      const beyond = this.#clips.length > limit;
      this.#clips = beyond ? unique([...page.data, ...this.#clips.slice(limit)]) : page.data;
      this.#total = page.total;
      if (!beyond) this.#next = page.next_cursor;
      this.state = 'ready';
    } catch {
      // The next change reads again.
    }
  }

  #read(page: { limit: number; cursor?: string }) {
    return ask(api.GET('/v1/clips', { params: { query: { ...this.#filter, ...page } } }));
  }
}
