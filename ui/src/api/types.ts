// The nouns of the API as the interface uses them. Follows the API reference and its added endpoints.

export type MediaKind = 'video' | 'audio';
export type UploadStatus = 'pending' | 'processing' | 'ready' | 'failed';
export type JobStatus = 'pending' | 'downloading' | 'processing' | 'uploading' | 'complete' | 'failed';

export interface ErrorEnvelope {
  error: string;
  code: string;
  param: string | null;
  request_id: string;
}

export interface Account {
  id: string;
  email: string;
  name: string;
  role: 'owner' | 'member';
  created_at: string;
  balance: number;
  is_covered: boolean;
  has_paid_deposit: boolean;
  signup_credit_available: boolean;
  auth: 'api_key' | 'session';
  limits: Record<string, number | boolean>;
}

export interface Session {
  account: Account;
  csrf_token: string;
}

export interface Balance {
  balance: number;
  reserved: number;
  currency: 'usd';
  has_paid_deposit: boolean;
  first_topup_bonus_available: boolean;
  low_balance_threshold: number;
}

export interface Key {
  key_id: string;
  name: string;
  prefix: string;
  last_used_at: string | null;
  last_used_ip: string | null;
  created_at: string;
}

/** The only answer that holds the key itself. */
export interface NewKey {
  key_id: string;
  name: string;
  key: string;
  prefix: string;
  created_at: string;
}

/** One row of the health page. */
export interface Check {
  name: string;
  state: 'ok' | 'warn' | 'fail';
  cause: string;
  fix: string;
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
    max_bulk_delete: number;
    simple_upload_bytes: number;
    min_part_bytes: number;
    default_part_bytes: number;
  };
  formats: Record<MediaKind, { api_key: string[]; session: string[] }>;
  qualities: Record<string, string[]>;
  extensions: Record<MediaKind, string[]>;
}

export interface Upload {
  file_id: string;
  status: UploadStatus;
  filename: string;
  content_type: string;
  file_size: number;
  duration: number | null;
  duration_seconds: number | null;
  max_height: number | null;
  format_detected: string | null;
  media_kind: MediaKind | null;
  has_video: boolean | null;
  has_audio: boolean | null;
  error: string | null;
  created_at: string;
  expires_at: string;
  clip_requested: boolean;
  clip_job_id: string | null;
  poster_url?: string | null;
}

export interface UploadAsk {
  filename: string;
  content_type: string;
  file_size: number;
  clip?: { start: number; end: number; source_title?: string };
}

export interface SimpleUpload {
  file_id: string;
  upload_url: string;
  expires_in: number;
  clip_requested: boolean;
}

export interface PartUrl {
  part_number: number;
  url: string;
}

export interface MultipartUpload {
  file_id: string;
  upload_id: string;
  parts: PartUrl[];
  expires_in: number;
  clip_requested: boolean;
}

export interface PartTag {
  part_number: number;
  etag: string;
}

/** What a player needs of an upload. Times are seconds on the source's timeline. */
export interface Preview {
  file_id: string;
  status: 'preparing' | 'ready' | 'failed';
  progress: number;
  source: { url: string; content_type: string; codecs: string };
  media_kind: MediaKind;
  width: number;
  height: number;
  rotation: number;
  fps: { num: number; den: number } | null;
  is_vfr: boolean;
  duration: number;
  keyframes: number[];
  /** Whether clips that begin at one of the keyframes are copied, not encoded. */
  has_instant_starts: boolean;
  peaks: { url: string; per_second: number; count: number } | null;
  filmstrip: {
    url: string;
    columns: number;
    rows: number;
    count: number;
    interval: number;
    tile_width: number;
    tile_height: number;
  } | null;
  frame_times: { url: string; count: number; unit_s: number } | null;
  poster_url: string | null;
  proxy: {
    status: 'pending' | 'processing' | 'ready' | 'failed';
    progress: number;
    url: string | null;
    error: string | null;
  } | null;
}

export interface PreviewProgress {
  file_id: string;
  status: Preview['status'];
  progress: number;
}

export interface Range {
  start: number;
  end: number;
}

export interface ClipAsk {
  file_id: string;
  start?: number;
  end?: number;
  segments?: Range[];
  format?: string;
  quality?: string;
  source_title?: string;
}

export interface ClipQueued {
  job_id?: string;
  job_ids?: string[];
  status: 'pending' | 'partial';
  error?: string;
}

export interface Job {
  job_id: string;
  status: JobStatus;
  progress: number;
  status_message: string;
  download_url: string | null;
  file_name: string | null;
  format: string;
  quality: string | null;
  aspect_ratio: string | null;
  saved_to_library: boolean;
  clip_id: string | null;
  share_url: string | null;
  embed_url: string | null;
  cost: number | null;
  balance: number | null;
  reserved?: number | null;
  error?: string | null;
  code?: string | null;
  kind: string;
  file_id: string | null;
  source_name: string | null;
  start: number | null;
  end: number | null;
  created_at: string;
  eta_s: number | null;
  plan: string | null;
  frames?: number | null;
}

export interface Clip {
  clip_id: string;
  job_id: string;
  title: string;
  file_name: string;
  format: string;
  quality: string | null;
  aspect_ratio: string | null;
  media_kind: MediaKind;
  duration: number;
  size_bytes: number;
  source_file_id: string | null;
  start: number | null;
  end: number | null;
  captioned: boolean;
  pinned: boolean;
  views: number;
  view_count_visible: boolean;
  download_url: string;
  thumbnail_url: string | null;
  share_url: string;
  embed_url: string;
  created_at: string;
  expires_at: string | null;
  kind: string;
}

export type ClipSort = 'created_desc' | 'created_asc' | 'name';
export type ClipMedia = 'video' | 'audio' | 'gif';

export interface ClipFilter {
  limit?: number;
  cursor?: string;
  q?: string;
  pinned?: boolean;
  media?: ClipMedia;
  captioned?: boolean;
  sort?: ClipSort;
}

export interface ClipChange {
  clip_id: string;
  change: 'added' | 'changed' | 'removed';
}

export interface Listing<T> {
  data: T[];
  next_cursor: string | null;
}

export const isLive = (job: Job): boolean => job.status !== 'complete' && job.status !== 'failed';
