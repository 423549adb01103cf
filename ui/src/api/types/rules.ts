// What is allowed and what it costs; the shape of every refusal and list.
import type { StyleNumber } from './captions';
import type { MediaKind } from './uploads';

export interface ErrorEnvelope {
  error: string;
  code: string;
  param: string | null;
  request_id: string;
}

/** [minutes, cents]: up to so many minutes cost so many cents. */
export type Tier = number[];

export interface Rules {
  prices: {
    trim_cents: number;
    trim_4k_surcharge_cents: number;
    captions_minute_cents: { '1080p': number; '4k': number };
    transcript_cents: Tier[];
    analyze_cents: Tier[];
    auto_cents: Tier[];
    storage_cents: Tier[];
    deposit: {
      min_cents: number;
      max_cents: number;
      first_bonus_percent: number;
      large_cents: number;
      large_bonus_percent: number;
    };
  };
  limits: {
    max_upload_bytes: number;
    max_source_s: number;
    max_segment_s: number;
    max_gif_s: number;
    max_segments: number;
    max_clip_title_chars: number;
    max_key_name_chars: number;
    max_api_keys: number;
    max_webhooks: number;
    max_bulk_delete: number;
    max_font_bytes: number;
    simple_upload_bytes: number;
    min_part_bytes: number;
    default_part_bytes: number;
    storage_custom_gb: number[];
  };
  formats: Record<MediaKind, { api_key: string[]; session: string[] }>;
  qualities: Record<string, string[]>;
  extensions: Record<MediaKind, string[]>;
  captions: {
    /** [lowest, highest] of each number. */
    ranges: Record<StyleNumber, number[]>;
    choices: Record<'text_transform' | 'effect' | 'animation' | 'font_source', string[]>;
    highlight_words: number[];
  };
}

export interface Listing<T> {
  data: T[];
  next_cursor: string | null;
}
