// What the browser remembers of an upload that is under way, so that it goes on after the page is loaded again.
import { createStore, del, entries, get, set, type UseStore } from 'idb-keyval';

/** One unfinished upload: whose, which file, and the tags of the parts that have arrived. */
export interface Unfinished {
  account: string;
  file_id: string;
  upload_id: string;
  name: string;
  size: number;
  lastModified: number;
  part_size: number;
  part_count: number;
  done: Record<number, string>;
  saved_at: number;
}

/** Where unfinished uploads are kept between pages. */
export interface Memory {
  find(account: string, file: FileIdentity): Promise<Unfinished | null>;
  list(account: string): Promise<Unfinished[]>;
  save(unfinished: Unfinished): Promise<void>;
  forget(unfinished: Pick<Unfinished, 'account'> & FileIdentity): Promise<void>;
}

export type FileIdentity = Pick<File, 'name' | 'size' | 'lastModified'>;

/** The server lets go of what was begun longer ago. */
const KEPT_MS = 24 * 3600 * 1000;

export const isSameFile = (one: FileIdentity, other: FileIdentity): boolean =>
  one.name === other.name && one.size === other.size && one.lastModified === other.lastModified;

/** Memory in the browser's IndexedDB. Where the browser has none (private windows), nothing is remembered. */
export class BrowserMemory implements Memory {
  #store: UseStore | null = null;

  async find(account: string, file: FileIdentity): Promise<Unfinished | null> {
    const found = await this.#quietly(() => get<Unfinished>(keyOf(account, file), this.#open()));
    return found && isKept(found) ? found : null;
  }

  async list(account: string): Promise<Unfinished[]> {
    const all = (await this.#quietly(() => entries<string, Unfinished>(this.#open()))) ?? [];
    for (const [key, each] of all) if (!isKept(each)) void this.#quietly(() => del(key, this.#open()));
    const own = all.map(([, each]) => each).filter((each) => each.account === account && isKept(each));
    return own.sort((a, b) => b.saved_at - a.saved_at);
  }

  async save(unfinished: Unfinished): Promise<void> {
    await this.#quietly(() => set(keyOf(unfinished.account, unfinished), unfinished, this.#open()));
  }

  async forget(unfinished: Pick<Unfinished, 'account'> & FileIdentity): Promise<void> {
    await this.#quietly(() => del(keyOf(unfinished.account, unfinished), this.#open()));
  }

  #open(): UseStore {
    return (this.#store ??= createStore('fastclip-uploads', 'unfinished'));
  }

  /** An upload must not fail because it cannot be remembered. */
  async #quietly<T>(act: () => Promise<T>): Promise<T | undefined> {
    try {
      return await act();
    } catch {
      return undefined;
    }
  }
}

const keyOf = (account: string, { name, size, lastModified }: FileIdentity): string =>
  JSON.stringify([account, name, size, lastModified]);

const isKept = ({ saved_at }: Unfinished): boolean => Date.now() - saved_at < KEPT_MS;
