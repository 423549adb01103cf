// What becomes of the style under the hand: saved, saved as new, duplicated, deleted and brought back.
import { toast } from 'svelte-sonner';
import { sentenceOf } from '../api/errors';
import type { Preset } from '../api/types';
import { text } from '../strings';
import type { DraftStore } from './draft.svelte';
import { presets } from './presets.svelte';

/** A style needs one that it comes from; where its own is gone, it comes from this one. */
export const FALLBACK = 'builtin:short-form-karaoke';
const words = text.captions;

export class Keeping {
  /** While a name is asked for. */
  isNaming = $state(false);
  isSaving = $state(false);

  constructor(private readonly draft: DraftStore) {}

  /** The name that a copy is offered. */
  get copyName(): string {
    return presets.freeName(words.styles.copyOf(this.draft.preset?.name ?? words.title));
  }

  async save(): Promise<void> {
    const { preset, style } = this.draft;
    if (!style) return;
    if (!preset?.editable) {
      this.isNaming = true;
      return;
    }
    this.isSaving = true;
    try {
      this.draft.saved(await presets.change(preset, style));
      toast.success(words.save.saved(preset.name));
    } catch (thrown) {
      toast.error(sentenceOf(thrown));
    } finally {
      this.isSaving = false;
    }
  }

  /** Throws what the server refuses: the dialog that asked for the name shows it. */
  async saveAs(name: string): Promise<void> {
    const { preset, style } = this.draft;
    if (!style) return;
    this.draft.saved(await presets.add(name, preset?.preset_ref ?? FALLBACK, style));
    toast.success(words.save.saved(name));
  }

  async duplicate(): Promise<void> {
    const { preset, style } = this.draft;
    if (!preset || !style) return;
    try {
      const name = this.copyName;
      this.draft.choose(await presets.add(name, preset.preset_ref, style));
      toast.success(words.styles.duplicated(name));
    } catch (thrown) {
      toast.error(sentenceOf(thrown));
    }
  }

  async remove(preset: Preset): Promise<void> {
    const { style } = this.draft;
    try {
      await presets.remove(preset);
      this.draft.choose(presets.builtin[0]!);
      const back = async () => this.draft.choose(await presets.add(preset.name, FALLBACK, style ?? {}));
      const undo = { label: text.kit.undo, onClick: () => void back().catch((thrown) => toast.error(sentenceOf(thrown))) };
      toast(words.styles.removed(preset.name), { action: undo });
    } catch (thrown) {
      toast.error(words.styles.removeFailed(sentenceOf(thrown)));
    }
  }
}
