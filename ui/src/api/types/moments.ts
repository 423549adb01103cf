// Moments found in a recording, what could go from it, and clips made of a search.
import type { Range } from './clips';

/** Why a moment is offered. */
export interface Reason {
  kind: string;
  text: string;
  value: number | null;
}

export interface Moment extends Range {
  moment_id: string;
  title: string | null;
  excerpt: string;
  /** 0 to 1, calibrated. */
  confidence: number;
  reasons: Reason[];
}

export interface Moments {
  segments: Moment[];
  query: string | null;
  /** `embeddings`, `bm25`, `audio`; with a language model `embeddings+llama.cpp`. */
  engine: string;
  note: string | null;
  /** Nothing fits well; the only one is the nearest. */
  is_weak: boolean;
  cost: number | null;
}

/** Something that could go from a recording. */
export interface Proposal extends Range {
  id: string;
  kind: 'silence' | 'filler' | 'repeat';
  /** What it saves: less than its length, some of a pause stays. */
  seconds: number;
  text: string | null;
  reason: string;
  is_chosen: boolean;
}

export interface Tightened {
  proposals: Proposal[];
  /** What is left of the recording. */
  segments: Range[];
  duration: number;
  duration_after: number;
  seconds_saved: number;
  trim_cost: number;
  note: string | null;
}

export interface AutoAsk {
  file_id: string;
  query: string;
  format?: string;
  quality?: string;
  captions?: { preset_ref: string };
  read_everything?: boolean;
}

/** How much is kept of moments offered, and of what was done with them. */
export interface Learned {
  offered: number;
  deeds: Record<string, number>;
  since: string | null;
}

/** A moment of an auto-clip job on its way to a clip. */
export interface AutoClip extends Moment {
  clip_id: string | null;
  status: 'pending' | 'processing' | 'complete' | 'failed';
  format: string;
  duration: number | null;
  captioned: boolean;
  download_url: string | null;
  file_name: string | null;
  cost: number | null;
  error: string | null;
}
