// The style under the hand: which preset it comes from, what was changed, and the way back.
import type { CaptionStyle, Preset } from '../api/types';
import { begin, record, redo, replace, seal, undo, type History } from '../studio/history';
import { change, isSame, styleOf } from './style';

const STORED = 'fastclip.captions.draft';
const SAVE_AFTER_MS = 250;

interface Draft {
  ref: string;
  style: CaptionStyle;
}

export class DraftStore {
  #history = $state.raw<History<Draft> | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `clamp`: how many words may show at once while the spoken one is highlighted. */
  constructor(
    private readonly find: (ref: string) => Preset | null,
    private readonly clamp: [number, number],
  ) {}

  /** Goes on where this browser was left, else begins with `first`. */
  begin(first: Preset): void {
    if (this.#history) return;
    const stored = read();
    const known = stored && this.find(stored.ref);
    const style = known && { ...styleOf(known), ...stored.style };
    this.#history = begin(style ? { ref: stored.ref, style } : { ref: first.preset_ref, style: styleOf(first) });
  }

  get ref(): string {
    return this.#history?.present.ref ?? '';
  }

  get style(): CaptionStyle | null {
    return this.#history?.present.style ?? null;
  }

  get preset(): Preset | null {
    return this.find(this.ref);
  }

  get isChanged(): boolean {
    const { style, preset } = this;
    return !!style && !!preset && !isSame(styleOf(preset), style);
  }

  get canUndo(): boolean {
    return !!this.#history?.past.length;
  }

  get canRedo(): boolean {
    return !!this.#history?.future.length;
  }

  choose(preset: Preset): void {
    if (preset.preset_ref === this.ref && !this.isChanged) return;
    this.#record({ ref: preset.preset_ref, style: styleOf(preset) });
  }

  /** `gesture`: the name of a drag whose moves are one step of undo, until `endGesture`. */
  change(fields: Partial<CaptionStyle>, gesture: string | null = null): void {
    const { style } = this;
    if (style) this.#record({ ref: this.ref, style: change(style, fields, this.clamp) }, gesture);
  }

  endGesture(): void {
    if (this.#history) this.#history = seal(this.#history);
  }

  /** The draft is saved now as this preset; no step of undo. */
  saved(preset: Preset): void {
    if (this.#history) this.#set(replace(this.#history, { ref: preset.preset_ref, style: styleOf(preset) }));
  }

  undo(): void {
    if (this.#history) this.#set(undo(this.#history));
  }

  redo(): void {
    if (this.#history) this.#set(redo(this.#history));
  }

  #record(draft: Draft, gesture: string | null = null): void {
    if (this.#history) this.#set(record(this.#history, draft, gesture));
  }

  #set(history: History<Draft>): void {
    this.#history = history;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => write(history.present), SAVE_AFTER_MS);
  }
}

function read(): Draft | null {
  try {
    const stored = JSON.parse(localStorage.getItem(STORED) ?? 'null') as Draft | null;
    return stored && typeof stored.ref === 'string' && typeof stored.style === 'object' ? stored : null;
  } catch {
    return null;
  }
}

function write(draft: Draft): void {
  try {
    localStorage.setItem(STORED, JSON.stringify(draft));
  } catch {
    // A full or forbidden storage costs the memory of this page, not the work on it.
  }
}
