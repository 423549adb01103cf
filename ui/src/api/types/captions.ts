// Caption styles, presets and fonts, and captions that are looked at before they are burned.

/** Every field of a style. */
export interface CaptionStyle {
  font_source: 'builtin' | 'upload';
  font_name: string;
  font_id: string | null;
  font_size: number;
  text_transform: string;
  letter_spacing: number;
  line_height: number;
  max_lines: number;
  max_width: number;
  words_per_caption: number;
  text_color: string;
  stroke_enabled: boolean;
  stroke_width: number;
  stroke_color: string;
  shadow_enabled: boolean;
  shadow_color: string;
  shadow_opacity: number;
  shadow_x: number;
  shadow_y: number;
  shadow_blur: number;
  highlight_mode: boolean;
  highlight_color: string;
  highlight_scale: number;
  inactive_opacity: number;
  effect: string;
  /** Null: the highlight colour. */
  box_color: string | null;
  box_opacity: number;
  box_radius: number;
  box_padding: number;
  glow_size: number;
  animation: string;
  animation_ms: number;
  position_x: number;
  position_y: number;
  linger_ms: number;
  hold_gap_ms: number;
}

type FieldsOf<Value> = { [K in keyof CaptionStyle]: CaptionStyle[K] extends Value ? K : never }[keyof CaptionStyle];
export type StyleNumber = FieldsOf<number>;
export type StyleSwitch = FieldsOf<boolean>;
export type StyleColor = 'text_color' | 'stroke_color' | 'shadow_color' | 'highlight_color' | 'box_color';

export interface Preset extends CaptionStyle {
  /** `builtin:bold-hook`, `preset:cap_preset_1`. */
  preset_ref: string;
  scope: 'built_in' | 'custom';
  slug: string;
  name: string;
  editable: boolean;
}

export interface CaptionFont {
  font_id: string;
  font_name: string;
  style: string;
  weight: number;
  format: string;
  size_bytes: number;
}

export interface SpokenWord {
  word: string;
  start: number;
  end: number;
}

/** A style with changes that are not saved, and the words to show in it. */
export interface CaptionLook {
  preset_ref: string;
  fields?: Partial<CaptionStyle>;
  width: number;
  height: number;
  words?: SpokenWord[];
  file_id?: string;
  start?: number;
  end?: number;
  /** Mean colour of the picture behind. */
  backdrop?: string;
}

/** Parts of the picture, 0 to 1. */
export interface CaptionBox {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export interface Caption {
  start: number;
  end: number;
  lines: string[];
  box: CaptionBox;
}

/** What to mend before captions are burned; `fix` is empty where only the words can be changed. */
export interface Finding {
  kind: string;
  reason: string;
  at_s: number;
  count: number;
  fix: Partial<CaptionStyle>;
}

export interface DrawnCaptions {
  ass: string;
  fonts: { family: string; url: string }[];
  default_font: string;
  width: number;
  height: number;
  captions: Caption[];
  findings: Finding[];
  style: CaptionStyle;
}

export interface ReviewedCaptions {
  captions: number;
  findings: Finding[];
}

export interface CaptionsQueued {
  job_id: string;
  status: 'pending';
  reserved: number;
}
