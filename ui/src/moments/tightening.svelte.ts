// What could go from a recording: proposals, which of them are taken, and the segments that are left.
import { api, ask } from '../api/client';
import { asError, type ApiError } from '../api/errors';
import type { Proposal, Tightened } from '../api/types';

/** After a choice, so long until the server is asked what is left. */
const SETTLE_MS = 700;

export class Tightening {
  isAsking = $state(false);
  failure = $state.raw<ApiError | null>(null);
  found = $state.raw<Tightened | null>(null);
  /** Ids of the proposals that go. */
  taken = $state.raw<ReadonlySet<string>>(new Set());
  /** The server was not asked yet what is left of this choice. */
  isStale = $state(false);

  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly file_id: string) {}

  readonly seconds_saved = $derived.by(() =>
    (this.found?.proposals ?? []).filter((one) => this.taken.has(one.id)).reduce((sum, one) => sum + one.seconds, 0),
  );

  async look(): Promise<void> {
    this.taken = new Set();
    await this.#ask(undefined);
  }

  toggle(proposal: Proposal): void {
    const taken = new Set(this.taken);
    if (!taken.delete(proposal.id)) taken.add(proposal.id);
    this.taken = taken;
    this.isStale = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.settle(), SETTLE_MS);
  }

  /** Makes sure that `found.segments` is what is left of this choice; whether it is. */
  async settle(): Promise<boolean> {
    clearTimeout(this.#timer);
    if (this.isStale) await this.#ask([...this.taken]);
    return !this.failure;
  }

  async #ask(accept: string[] | undefined): Promise<void> {
    this.isAsking = true;
    this.failure = null;
    try {
      const body = { file_id: this.file_id, ...(accept ? { accept } : {}) };
      const found = await ask(api.POST('/v1/clip/tighten', { body }));
      if (accept && accept.join() !== [...this.taken].join()) return; // chosen anew meanwhile
      this.found = found;
      this.taken = new Set(found.proposals.filter((one) => one.is_chosen).map((one) => one.id));
      this.isStale = false;
    } catch (thrown) {
      this.failure = asError(thrown);
    } finally {
      this.isAsking = false;
    }
  }
}
