// Where a clip can begin without an encode: the hint that a segment's in point is given.
import { after, before, between, framesWithin, type Clock } from './frames';

/** The nearest such place to an in point. `frames` is 0 where the in point lies on one already. */
export interface StartHint {
  at: number;
  frames: number;
  isLater: boolean;
}

/** A start counts as reached when it lies less than this many seconds away: times are kept to 10 microseconds. */
const SAME_S = 5e-4;

/** `starts` ascending. Null where there is none before the segment's last frame. */
export function startHint(
  starts: readonly number[],
  clock: Clock,
  segment: { start: number; end: number },
): StartHint | null {
  const { start, end } = segment;
  const [reached] = between(starts, start - SAME_S, start + SAME_S);
  if (reached !== undefined) return { at: reached, frames: 0, isLater: false };
  const earlier = before(starts, start);
  const next = after(starts, start);
  const later = next !== null && framesWithin(clock, next, end) > 0 ? next : null;
  if (later === null && earlier === null) return null;
  const isLater = later !== null && (earlier === null || later - start <= start - earlier);
  const at = isLater ? later : earlier!;
  const frames = isLater ? framesWithin(clock, start, at) : framesWithin(clock, at, start);
  return { at, frames: Math.max(1, frames), isLater };
}
