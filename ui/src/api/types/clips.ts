// Clips, the asks for them, and the jobs that make them.
import type { AutoClip } from './moments';
import type { MediaKind } from './uploads';

export type JobStatus = 'pending' | 'downloading' | 'processing' | 'uploading' | 'complete' | 'failed';

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
  captions?: { preset_ref: string };
  source_title?: string;
  /** All segments as one clip. */
  merge?: true;
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
  /** Of a clip that joins several. */
  segments: Range[];
  /** Of the captions that are drawn into it. */
  preset_ref: string | null;
  /** The clip that is captioned; null: the upload itself, or no job of captions alone. */
  of_clip_id: string | null;
  created_at: string;
  eta_s: number | null;
  plan: string | null;
  frames?: number | null;
  /** Of an auto-clip job. */
  query?: string | null;
  note?: string | null;
  clips?: AutoClip[];
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

export const isLive = (job: Job): boolean => job.status !== 'complete' && job.status !== 'failed';
