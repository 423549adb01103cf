// The models of this machine, for its owner: listed, fetched, added, removed; followed while one is on its way.
import { api, ask } from './client';
import { asError, type ApiError } from './errors';
import type { LocalModel, LocalModels } from './types';

const LOOK_MS = 1000;

export class ModelShelf {
  listed = $state.raw<LocalModels | null>(null);
  error = $state.raw<ApiError | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOpen = false;

  /** onarrived: a model that was on its way is here now. */
  constructor(private readonly onarrived: (model: LocalModel) => void = () => undefined) {}

  /** Reads the list and follows what is on its way; answers with the function that ends that. */
  open(): () => void {
    this.#isOpen = true;
    void this.read();
    return () => {
      this.#isOpen = false;
      clearTimeout(this.#timer);
    };
  }

  get isBusy(): boolean {
    return this.all.some(({ state }) => state === 'fetching');
  }

  /** Those for speech, then those for chat. */
  get all(): readonly LocalModel[] {
    return this.listed ? [...this.listed.data, ...this.listed.chat.data] : [];
  }

  model(name: string): LocalModel | null {
    return this.all.find((model) => model.name === name) ?? null;
  }

  async read(): Promise<void> {
    clearTimeout(this.#timer);
    const before = new Map(this.all.map(({ name, state }) => [name, state]));
    try {
      this.listed = await ask(api.GET('/v1/admin/models'));
      this.error = null;
      for (const model of this.all) {
        const was = before.get(model.name);
        if (before.size && model.state === 'installed' && was !== 'installed') this.onarrived(model);
      }
    } catch (thrown) {
      this.error = asError(thrown);
    }
    if (this.#isOpen && this.isBusy) this.#timer = setTimeout(() => void this.read(), LOOK_MS);
  }

  /** Fetches a model from the hub, or goes on with one. Throws what the server refuses. */
  async fetch(name: string): Promise<void> {
    await ask(api.POST('/v1/admin/models', { body: { name } }));
    await this.read();
  }

  /** Adds a model from a folder, archive or .gguf file on the server's machine. Throws what the server refuses. */
  async add(path: string): Promise<void> {
    await ask(api.POST('/v1/admin/models', { body: { path } }));
    await this.read();
  }

  async cancel(name: string): Promise<void> {
    await ask(api.POST('/v1/admin/models/{name}/cancel', { params: { path: { name } }, body: {} }));
    await this.read();
  }

  async remove(name: string): Promise<void> {
    await ask(api.DELETE('/v1/admin/models/{name}', { params: { path: { name } } }));
    await this.read();
  }
}
