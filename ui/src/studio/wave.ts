// The loudness of a source at any zoom: the server's peaks, and coarser and coarser heights over them.

/** Each level holds the loudest of so many of the level below. */
const FOLD = 4;
/** So many heights are read for one bar at least: its edges are that much finer than itself. */
const LEAST_READ = 8;

export interface Wave {
  /** Peaks a second in the finest level. */
  perSecond: number;
  /** Finest first; heights 0..255. */
  levels: Uint8Array[];
  /** The loudest of all, above 0 to 1: quiet recordings are drawn as high as loud ones. */
  summit: number;
}

/** Three hours at 50 a second are 540,000 heights: folded in some milliseconds, once. */
export function waveOf(peaks: Uint8Array, perSecond: number): Wave {
  const levels = [peaks];
  while (levels.at(-1)!.length > FOLD) levels.push(folded(levels.at(-1)!));
  const summit = Math.max(1, ...levels.at(-1)!) / 255;
  return { perSecond, levels, summit };
}

/** The loudest between two times, 0..1; reads a handful of heights whatever the stretch. */
export function loudest(wave: Wave, from_s: number, to_s: number): number {
  const from = Math.max(0, from_s * wave.perSecond);
  const to = Math.min(wave.levels[0]!.length, Math.max(to_s * wave.perSecond, from + 1e-6));
  const depth = Math.log((to - from) / LEAST_READ) / Math.log(FOLD);
  const level = Math.min(Math.max(0, Math.floor(depth)), wave.levels.length - 1);
  const heights = wave.levels[level]!;
  const scale = FOLD ** level;
  let most = 0;
  for (let i = Math.floor(from / scale); i < to / scale && i < heights.length; i++) {
    if (heights[i]! > most) most = heights[i]!;
  }
  return most / 255;
}

function folded(heights: Uint8Array): Uint8Array {
  const fewer = new Uint8Array(Math.ceil(heights.length / FOLD));
  for (let i = 0; i < heights.length; i++) {
    const at = Math.floor(i / FOLD);
    if (heights[i]! > fewer[at]!) fewer[at] = heights[i]!;
  }
  return fewer;
}
