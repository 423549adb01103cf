// Words of a source, and the models that hear them.

/** A word of a transcript; `position` names it. */
export interface TimedWord {
  /** Its place among all words of the transcript. */
  position: number;
  start: number;
  end: number;
  word: string;
  probability: number | null;
}

export interface Sentence {
  start: number;
  end: number;
  text: string;
  words: TimedWord[];
}

/** All that is known of a source's words, also while they are being heard. */
export interface Transcript {
  file_id: string;
  job_id: string | null;
  status: 'pending' | 'processing' | 'failed' | 'ready';
  progress: number;
  /** Seconds that were heard so far. */
  covered: number;
  duration: number;
  language: string | null;
  engine: string | null;
  model: string | null;
  device: string | null;
  note: string | null;
  is_edited: boolean;
  segments: Sentence[];
  /** Another transcript of the same source that is being made now; told where the whole is read. */
  renewal?: Transcript | null;
}

/** What a transcript would be made with now. */
export interface Speech {
  engine: string;
  model: string | null;
  note: string | null;
  models: { name: string; is_multilingual: boolean }[];
  languages: string[];
  /** The one that puts moments in order, where the owner added one. */
  language_model: string | null;
  /** The recogniser that is always there, as a transcript is asked of it. */
  built_in: string;
  /** Of the recording that was named: how far its words are, null where nobody asked for them. */
  transcript: Transcript['status'] | null;
}

export interface TranscriptAsk {
  file_id: string;
  model?: string;
  language?: string;
}

/** A place where something is said, among all recordings. */
export interface Quote {
  file_id: string;
  source_name: string;
  is_playable: boolean;
  start: number;
  end: number;
  position: number;
  excerpt: string;
  /** [from, to) of each found word in the excerpt. */
  matches: number[][];
  url: string;
}

export interface LocalModel {
  name: string;
  kind: 'speech' | 'chat';
  state: 'installed' | 'fetching' | 'failed' | 'available';
  size_bytes: number | null;
  is_exact_size: boolean;
  languages: string | null;
  licence: string | null;
  note: string;
  source: string | null;
  /** Whether it can be fetched from the hub. */
  is_offered: boolean;
  sha256: string | null;
  /** Of a chat model: simple questions answered when it was tried, and how fast it reads. */
  right: number | null;
  tokens_per_s: number | null;
  context: number | null;
  /** Why it is not used by itself. */
  obstacle: string | null;
  /** What came already of one that is not whole. */
  fetched_bytes: number;
  progress: number | null;
  status_message: string | null;
  error: string | null;
  code: string | null;
}

export interface LocalModels {
  data: LocalModel[];
  in_use: string | null;
  built_in: { engine: string; languages: string; note: string };
  device: string | null;
  folder: string;
  chat: {
    /** Whether llama.cpp is here; else `how` says how it comes. */
    is_possible: boolean;
    how: string;
    /** `language_model`: a name, `auto` or `off`. */
    setting: string;
    in_use: string | null;
    /** How many a model is asked when it is tried. */
    questions: number;
    data: LocalModel[];
  };
}
