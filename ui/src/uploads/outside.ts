// What an upload tells, and what it needs of the world around it.
import type { MultipartUpload, PartTag, PartUrl, Rules, Upload, UploadAsk } from '../api/types';
import type { Memory } from './memory';
import type { Put } from './put';

/**
 * `offline` goes on by itself; `stopped` waits for a person after many attempts; `failed` and `canceled` are the end.
 * `checking`: the bytes are there and the server looks at them.
 */
export type Phase =
  'waiting' | 'sending' | 'paused' | 'offline' | 'stopped' | 'finishing' | 'checking' | 'ready' | 'failed' | 'canceled';

export interface Progress {
  phase: Phase;
  sent: number;
  total: number;
  /** Bytes a second; null while it is too early to say. */
  speed: number | null;
  left_s: number | null;
  /** What went wrong, in `stopped` and `failed`. */
  error: string | null;
  file_id: string | null;
  /** The server's word on the file, once it is ready. */
  upload: Upload | null;
}

/** The endpoints an upload needs. */
export interface Wire {
  initiate(ask: UploadAsk & { part_size: number; part_count: number }): Promise<MultipartUpload>;
  refresh(ask: { file_id: string; upload_id: string; part_numbers: number[] }): Promise<{ parts: PartUrl[] }>;
  complete(ask: { file_id: string; upload_id: string; parts: PartTag[] }): Promise<unknown>;
  abort(ask: { file_id: string; upload_id: string }): Promise<unknown>;
  status(file_id: string): Promise<Upload>;
}

/** The world outside of one upload; tests bring their own. */
export interface Outside {
  account: string;
  limits: Pick<Rules['limits'], 'min_part_bytes' | 'default_part_bytes'>;
  wire: Wire;
  put: Put;
  memory: Memory;
  isOnline(): boolean;
  untilOnline(signal: AbortSignal): Promise<void>;
  pause(ms: number, signal: AbortSignal): Promise<void>;
  now(): number;
}
