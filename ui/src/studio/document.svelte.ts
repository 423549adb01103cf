// The document on the page: with undo, and kept in this browser for each source.
import * as doc from './document';
import { begin, record, redo, replace, seal, undo, type History } from './history';

const PREFIX = 'fastclip.studio.';
const SAVE_AFTER_MS = 250;
/** Sources live a day; so many documents are more than a day's. */
const KEPT_DOCUMENTS = 40;

export class DocumentStore {
  #history: History<doc.StudioDocument>;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly file_id: string,
    private readonly duration: number,
    format: string,
  ) {
    const stored = doc.revive(read(PREFIX + file_id), duration);
    this.#history = $state.raw(begin(stored ?? doc.blank(format)));
  }

  get now(): doc.StudioDocument {
    return this.#history.present;
  }

  get selected(): doc.Segment | null {
    return doc.selectedOf(this.now);
  }

  get canUndo(): boolean {
    return this.#history.past.length > 0;
  }

  get canRedo(): boolean {
    return this.#history.future.length > 0;
  }

  select(id: string | null): void {
    this.#set(replace(this.#history, doc.select(this.now, id)));
  }

  add(start: number, end: number, name = ''): void {
    this.#change(doc.add(this.now, { start, end, name }, this.duration));
  }

  /** More segments, in one step of undo. */
  addAll(ranges: readonly { start: number; end: number; name?: string }[]): void {
    this.#change(doc.addAll(this.now, ranges, this.duration));
  }

  /** These segments instead of those that were there, in one step of undo. */
  replaceAll(ranges: readonly { start: number; end: number; name?: string }[]): void {
    this.#change(doc.addAll(doc.removeAll(this.now), ranges, this.duration));
  }

  addAt(time: number): void {
    this.#change(doc.addAt(this.now, time, this.duration));
  }

  setIn(time: number): void {
    this.#change(doc.setIn(this.now, time));
  }

  /** Whether there was something that could end at this time. */
  setOut(time: number): boolean {
    return this.#tried(doc.setOut(this.now, time, this.duration));
  }

  /** Whether a segment lay under the time. */
  split(time: number): boolean {
    return this.#tried(doc.split(this.now, time));
  }

  /** `gesture`: the name of a drag whose moves are one step of undo, until `endGesture`. */
  retime(id: string, ends: { start?: number; end?: number }, gesture: string | null = null): void {
    this.#change(doc.retime(this.now, id, ends, this.duration), gesture);
  }

  move(id: string, start: number, gesture: string | null = null): void {
    this.#change(doc.move(this.now, id, start, this.duration), gesture);
  }

  endGesture(): void {
    this.#history = seal(this.#history);
  }

  rename(id: string, name: string): void {
    this.#change(doc.rename(this.now, id, name), `name ${id}`);
  }

  remove(id: string): void {
    this.#change(doc.remove(this.now, id));
  }

  removeAll(): void {
    this.#change(doc.removeAll(this.now));
  }

  /** Lets go of what is selected, and of an in point that waits. */
  release(): void {
    this.#set(replace(this.#history, { ...this.now, selected: null, mark: null }));
  }

  setOutput(output: { format?: string; quality?: string | null; captions?: string | null }): void {
    this.#change(doc.setOutput(this.now, output));
  }

  undo(): void {
    this.#set(undo(this.#history));
  }

  redo(): void {
    this.#set(redo(this.#history));
  }

  /** Writes at once what waits to be written, as when the page is left. */
  flush(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    write(PREFIX + this.file_id, { ...this.now, saved_at: Date.now() });
  }

  #tried(next: doc.StudioDocument | null): boolean {
    if (next) this.#change(next);
    return next !== null;
  }

  #change(next: doc.StudioDocument, gesture: string | null = null): void {
    this.#set(record(this.#history, next, gesture));
  }

  #set(history: History<doc.StudioDocument>): void {
    this.#history = history;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), SAVE_AFTER_MS);
  }
}

function read(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? 'null');
  } catch {
    return null;
  }
}

function write(key: string, value: object): void {
  try {
    if (localStorage.getItem(key) === null) forgetOldest();
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // A full or forbidden storage costs the memory of this page, not the work on it.
  }
}

function forgetOldest(): void {
  const age = (key: string) => (read(key) as { saved_at?: number } | null)?.saved_at ?? 0;
  const keys = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
  keys.sort((a, b) => age(b) - age(a));
  for (const key of keys.slice(KEPT_DOCUMENTS - 1)) localStorage.removeItem(key);
}
