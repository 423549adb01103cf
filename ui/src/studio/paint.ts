// Draws the timeline's lanes on a canvas: ruler, filmstrip, wave, keyframes; only what is in view.
import { formatTime } from '../time';
import type { Colours } from './colours.svelte';
import type { Segment } from './document';
import { between, frameAt, frameStart, type Clock } from './frames';
import type { Filmstrip } from './recording.svelte';
import { marks, rulerStep, timeOf, xOf, type View } from './view';
import { loudest, type Wave } from './wave';

export interface Lane {
  top: number;
  height: number;
}

export interface LaneSet {
  ruler: Lane;
  film: Lane | null;
  wave: Lane;
  keys: Lane | null;
}

export interface Scene {
  view: View;
  width: number;
  lanes: LaneSet;
  duration: number;
  clock: Clock | null;
  keyframes: readonly number[];
  wave: Wave | null;
  filmstrip: Filmstrip | null;
  segments: readonly Segment[];
  colours: Colours;
  font: string;
}

type Context = CanvasRenderingContext2D;

const BAR_PX = 2;
const GAP_PX = 1;
/** Frames this wide get a mark each. */
const FRAME_MARK_PX = 9;
const KEYFRAME_APART_PX = 3;
/** What is not kept steps back by this much. */
const DIM = 0.62;
/** Lifts quiet speech off the middle line without flattening what is loud. */
const LIFT = 0.75;

export function paint(context: Context, scene: Scene): void {
  const { keys, film, ruler, wave } = scene.lanes;
  context.clearRect(0, 0, scene.width, (keys ?? wave).top + (keys ?? wave).height);
  paintRuler(context, scene, ruler);
  if (film) paintFilm(context, scene, film);
  paintWave(context, scene, wave);
  if (keys) paintKeyframes(context, scene, keys);
}

function paintRuler(context: Context, scene: Scene, lane: Lane): void {
  const { view, width, colours } = scene;
  const bottom = lane.top + lane.height;
  const step = rulerStep(view, width);
  context.fillStyle = colours['control-line'];
  for (const time of minorMarks(scene, step)) context.fillRect(Math.round(xOf(view, width, time)), bottom - 4, 1, 4);
  context.font = scene.font;
  context.textBaseline = 'middle';
  for (const time of marks(view, step)) {
    const x = Math.round(xOf(view, width, time));
    context.fillStyle = colours['control-line'];
    context.fillRect(x, bottom - 8, 1, 8);
    context.fillStyle = colours['text-3'];
    context.fillText(rulerLabel(time, step), x + 5, lane.top + lane.height / 2 - 1);
  }
}

/** Frames where they are wide enough to be told apart, else fifths of the step. */
function minorMarks({ view, width, clock }: Scene, step: number): number[] {
  const nextFrame =
    clock && frameStart(clock, frameAt(clock, view.from) + 1) - frameStart(clock, frameAt(clock, view.from));
  if (!clock || !nextFrame || (nextFrame / view.span) * width < FRAME_MARK_PX) return marks(view, step / 5);
  const first = frameAt(clock, view.from);
  const last = frameAt(clock, view.from + view.span);
  return Array.from({ length: last - first + 1 }, (_, at) => frameStart(clock, first + at));
}

/** As short as the step allows: `1:30:00`, `12:05`, `12:05.25`. */
export function rulerLabel(time: number, step: number): string {
  const full = formatTime(time);
  const clock = full.startsWith('0:') ? full.slice(2) : full;
  const [whole = '', fraction = ''] = clock.split('.');
  const short = whole.replace(/^0(\d)/, '$1');
  if (step >= 1) return short;
  return `${short}.${fraction.slice(0, step < 0.1 || step === 0.25 ? 2 : 1)}`;
}

function paintFilm(context: Context, scene: Scene, lane: Lane): void {
  const { view, width, filmstrip, duration, colours } = scene;
  const end = xOf(view, width, duration);
  context.fillStyle = colours.sunken;
  context.fillRect(0, lane.top, Math.min(width, end), lane.height);
  if (!filmstrip) return;
  const tileWidth = (lane.height * filmstrip.tileWidth) / filmstrip.tileHeight;
  const tile_s = (tileWidth / width) * view.span;
  context.save();
  context.beginPath();
  context.rect(0, lane.top, Math.min(width, end), lane.height);
  context.clip();
  const last = Math.min(view.from + view.span, duration);
  for (let at = Math.floor(view.from / tile_s); at * tile_s < last; at++) {
    drawTile(context, filmstrip, (at + 0.5) * tile_s, xOf(view, width, at * tile_s), lane, tileWidth);
  }
  context.restore();
  dimOutside(context, scene, lane);
}

function drawTile(context: Context, strip: Filmstrip, time: number, x: number, lane: Lane, width: number): void {
  const index = Math.min(strip.count - 1, Math.max(0, Math.round(time / strip.interval)));
  const column = index % strip.columns;
  const row = Math.floor(index / strip.columns);
  const { tileWidth: w, tileHeight: h } = strip;
  context.drawImage(strip.picture, column * w, row * h, w, h, x, lane.top, width + 0.5, lane.height);
}

/** Once something is kept, what is not steps back. */
function dimOutside(context: Context, scene: Scene, lane: Lane): void {
  const { view, width, segments, colours } = scene;
  if (segments.length === 0) return;
  context.globalAlpha = DIM;
  context.fillStyle = colours.sunken;
  let from = 0;
  for (const { start, end } of segments) {
    const x = xOf(view, width, start);
    if (x > from) context.fillRect(from, lane.top, Math.min(x, width) - from, lane.height);
    from = Math.max(from, xOf(view, width, end));
    if (from >= width) break;
  }
  if (from < width) context.fillRect(from, lane.top, width - from, lane.height);
  context.globalAlpha = 1;
}

function paintWave(context: Context, scene: Scene, lane: Lane): void {
  const { view, width, wave, colours, duration } = scene;
  const middle = lane.top + lane.height / 2;
  const end = Math.min(width, xOf(view, width, duration));
  if (!wave) {
    context.fillStyle = colours.hairline;
    context.fillRect(0, middle, end, 1);
    return;
  }
  // Bars stand at whole multiples of their own time, so that they do not boil while the view is moved.
  const bar_s = ((BAR_PX + GAP_PX) / width) * view.span;
  const kept = keeper(scene.segments);
  for (let at = Math.floor(view.from / bar_s); at * bar_s < view.from + view.span; at++) {
    const time = at * bar_s;
    const x = xOf(view, width, time);
    if (x > end) break;
    const height = Math.max(1.5, (loudest(wave, time, time + bar_s) / wave.summit) ** LIFT * (lane.height - 6));
    context.fillStyle = kept(time + bar_s / 2) ? colours.accent : colours.wave;
    context.fillRect(x, middle - height / 2, BAR_PX, height);
  }
}

/** Whether an ascending series of times lies in any segment. */
function keeper(segments: readonly Segment[]): (time: number) => boolean {
  return (time) => segments.some(({ start, end }) => time >= start && time < end);
}

function paintKeyframes(context: Context, scene: Scene, lane: Lane): void {
  const { view, width, keyframes, colours } = scene;
  context.fillStyle = colours['control-line'];
  let lastX = -KEYFRAME_APART_PX;
  for (const time of between(keyframes, view.from, view.from + view.span)) {
    const x = Math.round(xOf(view, width, time));
    if (x - lastX < KEYFRAME_APART_PX) continue;
    context.fillRect(x, lane.top + 3, 1, lane.height - 6);
    lastX = x;
  }
}

/** The whole source in a narrow band, for the overview. */
export function paintOverview(
  context: Context,
  wave: Wave | null,
  size: { width: number; height: number },
  duration: number,
  colour: string,
): void {
  context.clearRect(0, 0, size.width, size.height);
  if (!wave) return;
  context.fillStyle = colour;
  const whole: View = { from: 0, span: duration };
  for (let x = 0; x < size.width; x += BAR_PX) {
    const [from, to] = [timeOf(whole, size.width, x), timeOf(whole, size.width, x + BAR_PX)];
    const height = Math.max(1, (loudest(wave, from, to) / wave.summit) ** LIFT * (size.height - 4));
    context.fillRect(x, (size.height - height) / 2, 1, height);
  }
}
