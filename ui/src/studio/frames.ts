// Frame arithmetic of one source: which frame stands on the screen at a time, and which time shows a frame.

/** `even`: a constant rate. `listed`: the start of every frame, for a source whose rate varies. */
export type Clock =
  | { kind: 'even'; fps: number; duration: number }
  | { kind: 'listed'; starts: Uint32Array; unit_s: number; duration: number };

/** Times a browser reports may lie a hair before the frame they show; measured: a tenth of a per cent of a frame. */
const EDGE = 1e-3;

/** The clock of a source, or null where there is no picture. `starts` wins over the rate where both are known. */
export function clockOf(
  rate: { num: number; den: number } | null,
  duration: number,
  starts: Uint32Array | null = null,
  unit_s = 1e-5,
): Clock | null {
  if (starts && starts.length > 0) return { kind: 'listed', starts, unit_s, duration };
  if (!rate || rate.num <= 0 || rate.den <= 0) return null;
  return { kind: 'even', fps: rate.num / rate.den, duration };
}

export function frameCount(clock: Clock): number {
  if (clock.kind === 'listed') return clock.starts.length;
  return Math.max(1, Math.ceil(clock.duration * clock.fps - EDGE));
}

/** The frame that stands on the screen at `time_s`. */
export function frameAt(clock: Clock, time_s: number): number {
  if (clock.kind === 'even') return within(Math.floor(time_s * clock.fps + EDGE), clock);
  const tick = time_s / clock.unit_s + EDGE;
  return within(countUpTo(clock.starts, tick) - 1, clock);
}

export function frameStart(clock: Clock, frame: number): number {
  const n = within(frame, clock);
  return clock.kind === 'even' ? n / clock.fps : clock.starts[n]! * clock.unit_s;
}

/** Where the next frame begins; the end of the source for the last one. */
export function frameEnd(clock: Clock, frame: number): number {
  const n = within(frame, clock);
  if (n + 1 < frameCount(clock)) return frameStart(clock, n + 1);
  return Math.max(clock.duration, frameStart(clock, n));
}

/** The time to seek to so that a browser surely shows `frame`: its middle, never its edge. */
export function aimAt(clock: Clock, frame: number): number {
  return (frameStart(clock, frame) + frameEnd(clock, frame)) / 2;
}

/** The time to seek to for the frame `by` frames after the one at `time_s`. */
export function stepFrom(clock: Clock, time_s: number, by: number): number {
  return aimAt(clock, within(frameAt(clock, time_s) + by, clock));
}

/** How many frames begin inside `start_s` up to, not including, `end_s`. */
export function framesWithin(clock: Clock, start_s: number, end_s: number): number {
  if (clock.kind === 'listed') {
    const upTo = (time_s: number) => countUpTo(clock.starts, time_s / clock.unit_s - 1 / 2);
    return Math.max(0, upTo(end_s) - upTo(start_s));
  }
  const first = Math.ceil(start_s * clock.fps - EDGE);
  return Math.max(0, Math.min(Math.ceil(end_s * clock.fps - EDGE), frameCount(clock)) - first);
}

/** The frame edge nearest to `time_s`; the time itself where there is no picture. */
export function nearestEdge(clock: Clock | null, time_s: number): number {
  if (!clock) return time_s;
  const frame = frameAt(clock, time_s);
  const start = frameStart(clock, frame);
  const end = frameEnd(clock, frame);
  return time_s - start <= end - time_s ? start : end;
}

/** The frame edge `by` edges away from the one at `time_s`; the end of the source is the last of them. */
export function stepEdge(clock: Clock | null, time_s: number, by: number): number {
  if (!clock) return Math.max(0, time_s + by / 100);
  const edge = nearestEdge(clock, time_s);
  const last = frameCount(clock);
  const index = edge >= clock.duration ? last : frameAt(clock, edge);
  const next = Math.min(Math.max(index + by, 0), last);
  return next === last ? clock.duration : frameStart(clock, next);
}

/** The target nearest to `time_s` that lies within `reach_s` of it, or null. */
export function snap(time_s: number, targets: Iterable<number>, reach_s: number): number | null {
  let best: number | null = null;
  for (const target of targets) {
    const away = Math.abs(target - time_s);
    if (away <= reach_s && (best === null || away < Math.abs(best - time_s))) best = target;
  }
  return best;
}

/** Those of the ascending `times` that lie between two times, found by halving: a 3-hour source has 10,000 keyframes. */
export function between(times: ArrayLike<number>, from_s: number, to_s: number): number[] {
  const found: number[] = [];
  for (let i = countUpTo(times, from_s); i < times.length && times[i]! <= to_s; i++) found.push(times[i]!);
  return found;
}

/** The last of the ascending `times` before `time_s`, or null. */
export function before(times: ArrayLike<number>, time_s: number): number | null {
  const found = countUpTo(times, time_s - EDGE) - 1;
  return found < 0 ? null : times[found]!;
}

/** The first of the ascending `times` after `time_s`, or null. */
export function after(times: ArrayLike<number>, time_s: number): number | null {
  const found = countUpTo(times, time_s + EDGE);
  return found < times.length ? times[found]! : null;
}

function within(frame: number, clock: Clock): number {
  return Math.min(Math.max(frame, 0), frameCount(clock) - 1);
}

/** How many of the ascending `values` are at or below `limit`. */
function countUpTo(values: ArrayLike<number>, limit: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
