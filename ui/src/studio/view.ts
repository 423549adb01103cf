// Which stretch of the source the timeline shows, and where on it a time stands. Pure.

export interface View {
  /** The time at the left edge, in seconds. */
  from: number;
  /** How many seconds are shown. */
  span: number;
}

/** As near as it gets: some forty frames across the screen. */
const NEAREST_S = 1.5;
/** Where the view turns the page before the playhead runs out of it, and where the playhead then stands. */
const TURN_AT = 0.96;
const TURNED_TO = 0.06;

export const nearest = (duration: number): number => Math.min(NEAREST_S, duration);

export const fit = (duration: number): View => ({ from: 0, span: duration });

export function xOf(view: View, width: number, time: number): number {
  return ((time - view.from) / view.span) * width;
}

export function timeOf(view: View, width: number, x: number): number {
  return view.from + (x / width) * view.span;
}

/** Shows `factor` times as long a stretch; the time under the anchor stays where it is. */
export function zoom(view: View, factor: number, anchor: number, duration: number): View {
  const span = clamp(view.span * factor, nearest(duration), duration);
  const share = (anchor - view.from) / view.span;
  return kept({ from: anchor - share * span, span }, duration);
}

export function pan(view: View, by: number, duration: number): View {
  return kept({ from: view.from + by, span: view.span }, duration);
}

/** The view that shows `time`; turned like a page when the time lies outside. */
export function reveal(view: View, time: number, duration: number): View {
  const share = (time - view.from) / view.span;
  if (share >= 0 && share <= TURN_AT) return view;
  const at = time - view.span * TURNED_TO;
  const turned = kept({ from: at, span: view.span }, duration);
  return turned.from === view.from ? view : turned;
}

/** The view that holds a stretch with some air around it. */
export function embrace(start: number, end: number, duration: number): View {
  const span = clamp((end - start) * 1.3, nearest(duration), duration);
  return kept({ from: (start + end) / 2 - span / 2, span }, duration);
}

/** The place of a zoom slider, 0 the whole source and 1 the nearest; even steps look even. */
export function zoomShare(view: View, duration: number): number {
  const most = Math.log(duration / nearest(duration));
  return most > 0 ? clamp(Math.log(duration / view.span) / most, 0, 1) : 0;
}

export function spanAt(share: number, duration: number): number {
  return duration * (nearest(duration) / duration) ** clamp(share, 0, 1);
}

/** Seconds between two numbers of the ruler, so that they stand at least `apart` pixels apart. */
export function rulerStep(view: View, width: number, apart = 96): number {
  const least = (view.span / width) * apart;
  return STEPS_S.find((step) => step >= least) ?? STEPS_S.at(-1)!;
}

const STEPS_S = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];

/** The multiples of `step` that are in view. */
export function marks(view: View, step: number): number[] {
  const first = Math.max(0, Math.ceil(view.from / step - 1e-9));
  const last = Math.floor((view.from + view.span) / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => (first + at) * step);
}

function kept(view: View, duration: number): View {
  return { from: clamp(view.from, 0, Math.max(0, duration - view.span)), span: view.span };
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high));
}
