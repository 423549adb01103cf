// Times as editors read and type them: H:MM:SS.mmm, and the frame at a time.

const PARTS = /^(?:(?:(\d+):)?(\d{1,3}):)?(\d+)(?:[.,](\d{1,6}))?$/;
const FRAME_SLACK = 1e-3; // a time that came through a float may lie a hair before its frame

const two = (n: number): string => String(n).padStart(2, '0');

/** `0:12:07.480`; rounds to the millisecond. */
export function formatTime(seconds: number): string {
  const ms = Math.max(0, Math.round(seconds * 1000));
  const s = Math.floor(ms / 1000);
  const clock = `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  return `${clock}.${String(ms % 1000).padStart(3, '0')}`;
}

/** `12:07` or `1:02:07`, for lengths where milliseconds would be noise; under ten seconds `7.5 s`. */
export function formatLength(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const s = Math.round(seconds);
  const hours = Math.floor(s / 3600);
  const minutes = Math.floor(s / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(s % 60)}` : `${minutes}:${two(s % 60)}`;
}

/** Seconds of a typed time: `7.3`, `1:02`, `0:12:07.480`, `90`; null where it is none. */
export function parseTime(typed: string): number | null {
  const match = PARTS.exec(typed.trim());
  if (!match) return null;
  const [, hours = '0', minutes = '0', seconds = '0', fraction = '0'] = match;
  const hasMinutes = match[2] !== undefined;
  if ((hasMinutes && Number(seconds) > 59) || (match[1] !== undefined && Number(minutes) > 59)) return null;
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds) + Number(`0.${fraction}`);
}

/** The frame shown at a time, at a constant rate. */
export function frameAt(seconds: number, fps: number): number {
  return Math.max(0, Math.floor(seconds * fps + FRAME_SLACK));
}

/** A time inside a frame, safely away from both its edges: where to seek to in order to see it. */
export function middleOfFrame(frame: number, fps: number): number {
  return (frame + 0.5) / fps;
}

/** `about 2 min left`, from seconds. */
export function formatLeft(seconds: number): string {
  if (seconds < 5) return 'a few seconds left';
  if (seconds < 90) return `${Math.round(seconds / 5) * 5} s left`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min left`;
  return `${Math.round(seconds / 3600)} h left`;
}

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

/** `in 23 hours`, `5 minutes ago`, `just now`, of an ISO time. */
export function formatRelative(iso: string, now = Date.now()): string {
  const away = Date.parse(iso) - now;
  for (const [unit, length] of STEPS) {
    if (Math.abs(away) >= length) return relative.format(Math.round(away / length), unit);
  }
  return away > 0 ? 'in under a minute' : 'just now';
}

const dateTime = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });

/** `Nov 23, 2026, 10:44 PM`, in the reader's time zone. */
export const formatDateTime = (iso: string): string => dateTime.format(new Date(iso));

const date = new Intl.DateTimeFormat('en', { dateStyle: 'long' });

/** `November 23, 2026`, in the reader's time zone. */
export const formatDate = (iso: string): string => date.format(new Date(iso));
