// How a file is cut into the parts that are sent, and what is refused before a byte is.
import type { Rules } from '../api/types';
import { text } from '../strings';

const MIB = 2 ** 20;
/** A small file is still cut into this many parts where the smallest part allows, so that little is sent twice. */
const WANTED_PARTS = 16;
/** The reference's ceiling for one multipart upload. */
const MOST_PARTS = 1000;

type Limits = Pick<Rules['limits'], 'min_part_bytes' | 'default_part_bytes'>;

export function partSize(fileSize: number, limits: Limits): number {
  const even = Math.ceil(fileSize / WANTED_PARTS / MIB) * MIB;
  const wanted = Math.min(Math.max(even, limits.min_part_bytes), limits.default_part_bytes);
  return Math.max(wanted, Math.ceil(fileSize / MOST_PARTS / MIB) * MIB);
}

export function partCount(fileSize: number, size: number): number {
  return Math.max(1, Math.ceil(fileSize / size));
}

/** The bytes of part `number`, counted from 1; the last takes the rest. */
export function partRange(number: number, size: number, fileSize: number): { from: number; to: number } {
  const from = (number - 1) * size;
  return { from, to: Math.min(from + size, fileSize) };
}

/** The part numbers that are not among `done`, in order. */
export function missingParts(count: number, done: Record<number, string>): number[] {
  return Array.from({ length: count }, (_, index) => index + 1).filter((number) => !(number in done));
}

/** How many bytes the parts in `done` hold. */
export function bytesDone(done: Record<number, string>, size: number, fileSize: number): number {
  return Object.keys(done).reduce((sum, key) => {
    const { from, to } = partRange(Number(key), size, fileSize);
    return sum + to - from;
  }, 0);
}

/** Why a file cannot be uploaded, or null: told at once, not after its last byte. */
export function fileRefusal(file: { name: string; size: number }, rules: Rules): string | null {
  const known = [...rules.extensions.video, ...rules.extensions.audio];
  const extension = /\.([^.]+)$/.exec(file.name)?.[1]?.toLowerCase() ?? '';
  if (!known.includes(extension)) return text.uploads.refusals.kind(file.name, known);
  if (file.size === 0) return text.uploads.refusals.empty(file.name);
  const { max_upload_bytes } = rules.limits;
  return file.size > max_upload_bytes ? text.uploads.refusals.tooLarge(file.name, file.size, max_upload_bytes) : null;
}
