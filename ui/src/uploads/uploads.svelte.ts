// The uploads of this page, held once: they go on in whichever room one is, one file after another.
import { toast } from 'svelte-sonner';
import { api, ask } from '../api/client';
import { rules } from '../api/rules.svelte';
import { session } from '../api/session.svelte';
import type { Upload } from '../api/types';
import { router } from '../shell/router.svelte';
import { text } from '../strings';
import { BrowserMemory, isSameFile, type Unfinished } from './memory';
import { Transfer } from './multipart';
import type { Phase, Progress, Wire } from './outside';
import { fileRefusal } from './parts';
import { pause, untilOnline } from './patience';
import { putBytes } from './put';

export interface UploadItem {
  id: number;
  name: string;
  progress: Progress;
}

/** Numbers change this often at most; a phase shows at once. */
const SHOWN_EVERY_MS = 120;
const BUSY = new Set<Phase>(['sending', 'offline', 'finishing', 'checking']);

const wire: Wire = {
  initiate: (body) => ask(api.POST('/v1/upload/multipart/initiate', { body })),
  refresh: (body) => ask(api.POST('/v1/upload/multipart/refresh', { body })),
  complete: (body) => ask(api.POST('/v1/upload/multipart/complete', { body })),
  abort: (body) => ask(api.POST('/v1/upload/multipart/abort', { body })),
  status: (file_id) => ask(api.GET('/v1/upload/{file_id}', { params: { path: { file_id } } })),
};

class Uploads {
  items = $state<UploadItem[]>([]);
  /** What an earlier page left unfinished, and this page has not taken up. */
  unfinished = $state.raw<Unfinished[]>([]);

  #memory = new BrowserMemory();
  #transfers = new Map<number, Transfer>();
  #shown = new Map<number, { at_ms: number; timer?: ReturnType<typeof setTimeout> }>();
  #opener: ((upload: Upload) => void) | null = null;
  #nextId = 1;

  /** Takes files in hand: the first is sent at once, the others after it. Those that cannot be are refused with a word. */
  add(files: Iterable<File>): void {
    for (const file of files) {
      const refusal = fileRefusal(file, rules());
      if (refusal) toast.error(refusal);
      else this.#take(file);
    }
    this.#startNext();
  }

  /** Goes on with what an earlier page began, if this is the same file; else says which it was. */
  goOn(unfinished: Unfinished, file: File): void {
    if (isSameFile(unfinished, file)) this.add([file]);
    else toast.error(text.uploads.resume.another(file.name, unfinished.name, unfinished.size));
  }

  /** Reads what earlier pages of this account left. */
  async recall(): Promise<void> {
    const found = await this.#memory.list(session.account!.id);
    const taken = [...this.#transfers.values()].map(({ file }) => file);
    this.unfinished = found.filter((each) => !taken.some((file) => isSameFile(file, each)));
  }

  /** Lets go of what an earlier page began, here and on the server. */
  async discard(unfinished: Unfinished): Promise<void> {
    this.unfinished = this.unfinished.filter((each) => each !== unfinished);
    await this.#memory.forget(unfinished);
    const { file_id, upload_id } = unfinished;
    await wire.abort({ file_id, upload_id }).catch(() => undefined);
  }

  pause(item: UploadItem): void {
    this.#transfers.get(item.id)?.pause();
    this.#startNext();
  }

  resume(item: UploadItem): void {
    void this.#run(item.id);
  }

  async cancel(item: UploadItem): Promise<void> {
    const canceling = this.#transfers.get(item.id)?.cancel();
    this.dismiss(item);
    await canceling;
  }

  /** Takes an item that has ended off the page. */
  dismiss(item: UploadItem): void {
    clearTimeout(this.#shown.get(item.id)?.timer);
    this.#transfers.delete(item.id);
    this.#shown.delete(item.id);
    this.items = this.items.filter(({ id }) => id !== item.id);
    this.#startNext();
  }

  /** While a page waits for a recording, it is handed over when it is ready; else a notice offers it. */
  openWith(opener: (upload: Upload) => void): () => void {
    this.#opener = opener;
    return () => {
      if (this.#opener === opener) this.#opener = null;
    };
  }

  #take(file: File): void {
    const known = this.items.find(({ id }) => isSameFile(this.#transfers.get(id)!.file, file));
    if (known) return this.resume(known);
    const id = this.#nextId++;
    const transfer = new Transfer(
      file,
      {
        account: session.account!.id,
        limits: rules().limits,
        wire,
        put: putBytes,
        memory: this.#memory,
        isOnline: () => navigator.onLine,
        untilOnline,
        pause,
        now: () => Date.now(),
      },
      (progress) => this.#show(id, progress),
    );
    this.#transfers.set(id, transfer);
    this.items.push({ id, name: file.name, progress: transfer.progress });
    this.unfinished = this.unfinished.filter((each) => !isSameFile(each, file));
  }

  #startNext(): void {
    if (this.items.some(({ progress }) => BUSY.has(progress.phase))) return;
    const next = this.items.find(({ progress }) => progress.phase === 'waiting');
    if (next) void this.#run(next.id);
  }

  async #run(id: number): Promise<void> {
    await this.#transfers.get(id)?.run();
    const item = this.items.find((each) => each.id === id);
    if (item?.progress.phase === 'ready') this.#arrived(item);
    this.#startNext();
  }

  #arrived(item: UploadItem): void {
    const upload = item.progress.upload!;
    this.dismiss(item);
    if (this.#opener) return this.#opener(upload);
    toast.success(text.uploads.ready(upload.filename), {
      action: { label: text.uploads.open, onClick: () => router.go(`/studio?file=${upload.file_id}`) },
    });
  }

  #show(id: number, progress: Progress): void {
    const item = this.items.find((each) => each.id === id);
    if (!item) return;
    const shown = this.#shown.get(id) ?? { at_ms: 0 };
    this.#shown.set(id, shown);
    clearTimeout(shown.timer);
    const wait = shown.at_ms + SHOWN_EVERY_MS - performance.now();
    if (progress.phase === item.progress.phase && wait > 0) {
      shown.timer = setTimeout(() => this.#show(id, this.#transfers.get(id)?.progress ?? progress), wait);
      return;
    }
    shown.at_ms = performance.now();
    item.progress = progress;
  }
}

export const uploads = new Uploads();
