// The actions that can run now. A room binds its runs while it is on the page; keys, palette and sheet find them here.
import { SvelteMap } from 'svelte/reactivity';
import { createKeybindingsHandler } from 'tinykeys';
import { keyLabel } from './keys';
import { TABLE, type ActionEntry, type ActionGroup, type ActionId } from './table';

export interface Binding {
  run: (event?: KeyboardEvent) => void;
  /** Whether it can run now; left out means always. */
  when?: () => boolean;
}

export type Bindings = Partial<Record<ActionId, Binding | (() => void)>>;

const TYPING = 'input:not([type=checkbox]):not([type=radio]):not([type=range]), textarea, select, [contenteditable=true]';
const FLOATING = '[role=dialog], [role=alertdialog], [role=menu], [role=listbox]';
const OPEN_DIALOG = '[role=dialog][aria-modal=true], [role=alertdialog]';

class Actions {
  #bound = new SvelteMap<ActionId, Binding>();
  /** Keys chosen by the person, over those of the table. */
  #chosen = $state<Partial<Record<ActionId, string[]>>>({});

  /** Gives actions their runs; answers with the function that takes them away: `$effect(() => actions.bind({…}))`. */
  bind(bindings: Bindings): () => void {
    const given = Object.entries(bindings).map(
      ([id, given]) => [id as ActionId, typeof given === 'function' ? { run: given } : given] as const,
    );
    for (const [id, binding] of given) this.#bound.set(id, binding);
    return () => {
      for (const [id, binding] of given) if (this.#bound.get(id) === binding) this.#bound.delete(id);
    };
  }

  keysOf(id: ActionId): readonly string[] {
    return this.#chosen[id] ?? TABLE[id].keys;
  }

  /** The first key of an action as a person reads it, or null. */
  labelOf(id: ActionId): string | null {
    const first = this.keysOf(id)[0];
    return first ? keyLabel(first) : null;
  }

  rebind(id: ActionId, keys: string[]): void {
    this.#chosen[id] = keys;
  }

  canRun(id: ActionId): boolean {
    const binding = this.#bound.get(id);
    return !!binding && (binding.when?.() ?? true);
  }

  run(id: ActionId, event?: KeyboardEvent): void {
    if (this.canRun(id)) this.#bound.get(id)?.run(event);
  }

  /** What the palette lists: bound, allowed now, and meaningful without its key. */
  get listed(): { id: ActionId; entry: ActionEntry }[] {
    return ids()
      .filter((id) => this.canRun(id) && !entryOf(id).keysOnly)
      .map((id) => ({ id, entry: entryOf(id) }));
  }

  /** Listens for keys on the window; answers with the function that stops it. */
  listen(): () => void {
    const handler = createKeybindingsHandler(this.#byKey());
    addEventListener('keydown', handler);
    return () => removeEventListener('keydown', handler);
  }

  #byKey(): Record<string, (event: KeyboardEvent) => void> {
    const byKey: Record<string, ActionId[]> = {};
    for (const id of ids()) for (const key of this.keysOf(id)) (byKey[key] ??= []).push(id);
    return Object.fromEntries(
      Object.entries(byKey).map(([key, sharing]) => [key, (event: KeyboardEvent) => this.#press(sharing, event)]),
    );
  }

  /** Several rooms may share a key; the one that can run now takes it. */
  #press(sharing: ActionId[], event: KeyboardEvent): void {
    const id = sharing.find((id) => this.canRun(id) && mayRun(entryOf(id), event));
    if (!id || event.defaultPrevented) return;
    event.preventDefault();
    this.run(id, event);
  }
}

const ids = (): ActionId[] => Object.keys(TABLE) as ActionId[];

export const entryOf = (id: ActionId): ActionEntry => TABLE[id];

export const entriesOf = (group: ActionGroup): { id: ActionId; entry: ActionEntry }[] =>
  ids()
    .map((id) => ({ id, entry: entryOf(id) }))
    .filter(({ entry }) => entry.group === group);

function mayRun(entry: ActionEntry, event: KeyboardEvent): boolean {
  if (entry.anywhere) return true;
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest(TYPING) || target?.closest(FLOATING) || document.querySelector(OPEN_DIALOG)) return false;
  return !ownsKey(target, event.key);
}

/** A control reached by keyboard keeps the keys it lives on; after a mere click on it they are the page's again. */
function ownsKey(target: Element | null, key: string): boolean {
  if (!target?.matches(':focus-visible')) return false;
  if (key === ' ' || key === 'Enter') return target.matches('button, a[href], [role=button], input, summary, [role=switch]');
  return key.startsWith('Arrow') && target.closest('[role=slider], [role=radiogroup], [role=tablist], [role=toolbar]') !== null;
}

export const actions = new Actions();
