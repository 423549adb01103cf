// Deleting with a way back: a clip leaves the page at once, and the server some seconds later, unless it is undone.
import { SvelteSet } from 'svelte/reactivity';
import { toast } from 'svelte-sonner';
import { api, ask } from '../api/client';
import { sentenceOf } from '../api/errors';
import { rules } from '../api/rules.svelte';
import type { Clip } from '../api/types';
import { text } from '../strings';
import { batches } from './pages';

const UNDO_MS = 6000;

interface Pending {
  ids: string[];
  timer: ReturnType<typeof setTimeout>;
  toastId: string | number;
}

class Deletions {
  #gone = new SvelteSet<string>();
  #pending = new Set<Pending>();

  constructor() {
    // The page is going away: say it now, for nobody can undo it any more.
    addEventListener('pagehide', () => void this.flush());
  }

  isGone(clipId: string): boolean {
    return this.#gone.has(clipId);
  }

  start(clips: Clip[]): void {
    const ids = clips.map((clip) => clip.clip_id);
    if (!ids.length) return;
    for (const id of ids) this.#gone.add(id);
    const pending: Pending = {
      ids,
      timer: setTimeout(() => void this.#finish(pending), UNDO_MS),
      toastId: toast(text.library.removed(ids.length, clips[0]?.title ?? ''), {
        duration: UNDO_MS,
        action: { label: text.kit.undo, onClick: () => this.#undo(pending) },
      }),
    };
    this.#pending.add(pending);
  }

  /** Tells the server of everything that still waits. */
  async flush(): Promise<void> {
    await Promise.all([...this.#pending].map((pending) => this.#finish(pending)));
  }

  #undo(pending: Pending): void {
    if (!this.#pending.delete(pending)) return;
    clearTimeout(pending.timer);
    for (const id of pending.ids) this.#gone.delete(id);
  }

  async #finish(pending: Pending): Promise<void> {
    if (!this.#pending.delete(pending)) return;
    clearTimeout(pending.timer);
    toast.dismiss(pending.toastId);
    for (const ids of batches(pending.ids, rules().limits.max_bulk_delete)) {
      try {
        // keepalive lets the call outlive the page.
        await ask(api.POST('/v1/clips/bulk-delete', { body: { clip_ids: ids }, keepalive: true }));
      } catch (thrown) {
        for (const id of ids) this.#gone.delete(id);
        toast.error(text.library.removeFailed(sentenceOf(thrown)));
      }
    }
  }
}

export const deletions = new Deletions();
