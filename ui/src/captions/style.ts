// The fields of a caption style as they stand on the page: in groups, each with the control that changes it.
import type { CaptionStyle, Preset, StyleColor, StyleNumber, StyleSwitch } from '../api/types';

export type Choice = 'text_transform' | 'effect' | 'animation';
export type Unit = 'px' | 'percent' | 'ms' | 'times' | 'count';

/** What a control needs before it is worth showing: a switch that is on, or an effect that draws with it. */
type When = (style: CaptionStyle) => boolean;

export type Control = (
  | { kind: 'number'; field: StyleNumber; unit: Unit; step: number }
  | { kind: 'switch'; field: StyleSwitch }
  | { kind: 'color'; field: StyleColor }
  | { kind: 'choice'; field: Choice }
  | { kind: 'font' }
) & { when?: When };

export type GroupName = 'text' | 'stroke' | 'highlight' | 'box' | 'motion' | 'place';

const number = (field: StyleNumber, unit: Unit, step: number, when?: When): Control => ({
  kind: 'number',
  field,
  unit,
  step,
  when,
});
const color = (field: StyleColor, when?: When): Control => ({ kind: 'color', field, when });

const hasBox: When = ({ effect }) => ['highlight-box', 'line-box', 'word-box', 'news-ticker'].includes(effect);
const isRounded: When = ({ effect }) => ['highlight-box', 'line-box', 'word-box'].includes(effect);
const hasStroke: When = ({ stroke_enabled }) => stroke_enabled;
const hasShadow: When = ({ shadow_enabled }) => shadow_enabled;
const isHighlighting: When = ({ highlight_mode }) => highlight_mode;
const isAnimated: When = ({ animation }) => animation !== 'none';

export const GROUPS: { name: GroupName; controls: Control[] }[] = [
  {
    name: 'text',
    controls: [
      { kind: 'font' },
      number('font_size', 'px', 1),
      color('text_color'),
      { kind: 'choice', field: 'text_transform' },
      number('letter_spacing', 'px', 0.5),
      number('line_height', 'times', 0.01),
    ],
  },
  {
    name: 'stroke',
    controls: [
      { kind: 'switch', field: 'stroke_enabled' },
      number('stroke_width', 'px', 0.5, hasStroke),
      color('stroke_color', hasStroke),
      { kind: 'switch', field: 'shadow_enabled' },
      color('shadow_color', hasShadow),
      number('shadow_opacity', 'percent', 0.01, hasShadow),
      number('shadow_x', 'px', 1, hasShadow),
      number('shadow_y', 'px', 1, hasShadow),
      number('shadow_blur', 'px', 1, hasShadow),
    ],
  },
  {
    name: 'highlight',
    controls: [
      { kind: 'switch', field: 'highlight_mode' },
      color('highlight_color'),
      number('words_per_caption', 'count', 1),
      number('highlight_scale', 'percent', 0.01, isHighlighting),
      number('inactive_opacity', 'percent', 0.01),
    ],
  },
  {
    name: 'box',
    controls: [
      { kind: 'choice', field: 'effect' },
      color('box_color', hasBox),
      number('box_opacity', 'percent', 0.01, hasBox),
      number('box_radius', 'px', 1, isRounded),
      number('box_padding', 'px', 1, hasBox),
      number('glow_size', 'px', 1, ({ effect }) => effect === 'glow'),
    ],
  },
  {
    name: 'motion',
    controls: [
      { kind: 'choice', field: 'animation' },
      number('animation_ms', 'ms', 10, isAnimated),
      number('linger_ms', 'ms', 10),
      number('hold_gap_ms', 'ms', 10),
    ],
  },
  {
    name: 'place',
    controls: [
      number('position_x', 'percent', 0.005),
      number('position_y', 'percent', 0.005),
      number('max_width', 'percent', 0.01),
      number('max_lines', 'count', 1),
    ],
  },
];

const ABOUT: readonly string[] = [
  'preset_ref', 'scope', 'slug', 'name', 'editable', 'created_at', 'updated_at',
]; // prettier-ignore

/** A preset's fields of style alone. */
export function styleOf(preset: Preset): CaptionStyle {
  return Object.fromEntries(Object.entries(preset).filter(([key]) => !ABOUT.includes(key))) as unknown as CaptionStyle;
}

export function isSame(one: CaptionStyle, other: CaptionStyle): boolean {
  return (Object.keys(one) as (keyof CaptionStyle)[]).every((field) => one[field] === other[field]);
}

/** The style with one field changed; words shown at once follow what highlighting allows, as the server has it. */
export function change(
  style: CaptionStyle,
  fields: Partial<CaptionStyle>,
  [fewest, most]: [number, number],
): CaptionStyle {
  const next = { ...style, ...fields };
  if (next.highlight_mode) next.words_per_caption = Math.min(Math.max(next.words_per_caption, fewest), most);
  return next;
}

/** A number as it is shown beside its slider, and what was typed back as that number; null where it is none. */
export function shown(value: number, unit: Unit): string {
  if (unit === 'percent') return String(Math.round(value * 1000) / 10);
  return String(Math.round(value * 100) / 100);
}

export function typed(text: string, unit: Unit): number | null {
  const value = Number(text.trim().replace(',', '.'));
  if (text.trim() === '' || !Number.isFinite(value)) return null;
  return unit === 'percent' ? value / 100 : value;
}
