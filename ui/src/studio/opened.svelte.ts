// Which tab of the panel is open, for whoever wants to open another: `editor.panel.show('clips')`.
import { SvelteSet } from 'svelte/reactivity';

export class OpenedTab {
  /** Tabs that were open once; the others are not drawn yet. */
  readonly seen = new SvelteSet<string>();
  #now = $state('');

  constructor(first: string) {
    this.show(first);
  }

  get now(): string {
    return this.#now;
  }

  show(id: string): void {
    this.seen.add(id);
    this.#now = id;
  }
}
