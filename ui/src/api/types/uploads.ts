// Sources on their way in, and what a player needs of them.

export type MediaKind = 'video' | 'audio';

export type UploadStatus = 'pending' | 'processing' | 'ready' | 'failed';

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
