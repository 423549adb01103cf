// The styles to choose from: the built-in ones and the account's own, with its fonts.
import { api, ask } from '../api/client';
import { asError, type ApiError } from '../api/errors';
import type { CaptionFont, CaptionStyle, Preset } from '../api/types';

const MAX_NAME_CHARS = 80;

class Presets {
  all = $state.raw<Preset[]>([]);
  fonts = $state.raw<CaptionFont[]>([]);
  builtinFonts = $state.raw<string[]>([]);
  state = $state<'loading' | 'ready' | 'failed'>('loading');
  error = $state.raw<ApiError | null>(null);

  readonly builtin: Preset[] = $derived(this.all.filter(({ editable }) => !editable));
  readonly own: Preset[] = $derived(this.all.filter(({ editable }) => editable));

  async load(): Promise<void> {
    if (this.state === 'failed') this.state = 'loading';
    try {
      const query = { scope: 'all' } as const;
      const [all, { data, builtin }] = await Promise.all([
        ask(api.GET('/v1/caption-presets', { params: { query } })),
        ask(api.GET('/v1/caption-fonts')),
      ]);
      this.all = all.map((one) => this.#known(one));
      this.fonts = data;
      this.builtinFonts = builtin.map(({ font_name }) => font_name);
      this.state = 'ready';
    } catch (thrown) {
      this.error = asError(thrown);
      this.state = 'failed';
    }
  }

  /** What is here already, where nothing of it changed: its thumbnail need not be drawn anew. */
  #known(one: Preset): Preset {
    const before = this.find(one.preset_ref);
    return before && JSON.stringify(before) === JSON.stringify(one) ? before : one;
  }

  find(ref: string): Preset | null {
    return this.all.find(({ preset_ref }) => preset_ref === ref) ?? null;
  }

  async add(name: string, clone_from_preset_ref: string, style: Partial<CaptionStyle> = {}): Promise<Preset> {
    const body = { ...style, name, clone_from_preset_ref };
    const made = await ask(api.POST('/v1/caption-presets', { body }));
    this.all = [...this.all, made];
    return made;
  }

  async change(preset: Preset, fields: Partial<CaptionStyle> & { name?: string }): Promise<Preset> {
    const path = { preset_id: preset.slug };
    const body = fields;
    const changed = await ask(api.PATCH('/v1/caption-presets/{preset_id}', { params: { path }, body }));
    this.all = this.all.map((one) => (one.preset_ref === changed.preset_ref ? changed : one));
    return changed;
  }

  async remove(preset: Preset): Promise<void> {
    const path = { preset_id: preset.slug };
    await ask(api.DELETE('/v1/caption-presets/{preset_id}', { params: { path } }));
    this.all = this.all.filter(({ preset_ref }) => preset_ref !== preset.preset_ref);
  }

  async addFont(file: File): Promise<CaptionFont> {
    const body = new FormData();
    body.append('file', file);
    const query = { filename: file.name };
    const bodySerializer = (form: unknown) => form as FormData;
    const font = await ask(api.POST('/v1/caption-fonts', { params: { query }, body, bodySerializer }));
    this.fonts = [...this.fonts, font];
    return font;
  }

  async removeFont(font: CaptionFont): Promise<void> {
    const path = { font_id: font.font_id };
    await ask(api.DELETE('/v1/caption-fonts/{font_id}', { params: { path } }));
    this.fonts = this.fonts.filter(({ font_id }) => font_id !== font.font_id);
  }

  /** `Bold Hook copy`, `Bold Hook copy 2`: a name that no other preset has. */
  freeName(name: string): string {
    const taken = new Set(this.own.map((one) => one.name));
    for (let n = 1; ; n++) {
      const tail = n === 1 ? '' : ` ${n}`;
      const free = name.slice(0, MAX_NAME_CHARS - tail.length) + tail;
      if (!taken.has(free)) return free;
    }
  }
}

export const presets = new Presets();
