// The stretch of the source the timeline shows, as it is zoomed, scrolled and drawn.
import * as views from './view';

/** A jump longer than this is somebody's wish to be there, and the view goes with it. */
const JUMP_S = 0.5;
const STEP = 1.5;

export class Viewport {
  view = $state.raw<views.View>({ from: 0, span: 1 });
  /** Of the lanes, in CSS pixels. */
  width = $state(1);
  /** While something is dragged the view stands still under the pointer. */
  isHeld = false;

  #lastTime = 0;

  constructor(readonly duration: number) {
    this.view = views.fit(duration);
  }

  xOf = (time: number): number => views.xOf(this.view, this.width, time);
  timeOf = (x: number): number => views.timeOf(this.view, this.width, x);

  get secondsPerPixel(): number {
    return this.view.span / this.width;
  }

  get share(): number {
    return views.zoomShare(this.view, this.duration);
  }

  get isWhole(): boolean {
    return this.view.span >= this.duration - 1e-6;
  }

  zoomBy(factor: number, anchor: number): void {
    this.view = views.zoom(this.view, factor, anchor, this.duration);
  }

  /** In or out by a step, about the playhead when it is in sight, else about the middle. */
  zoomStep(by: 1 | -1, playhead: number): void {
    this.zoomBy(STEP ** -by, this.#sees(playhead) ? playhead : this.view.from + this.view.span / 2);
  }

  zoomTo(share: number, playhead: number): void {
    const factor = views.spanAt(share, this.duration) / this.view.span;
    this.zoomBy(factor, this.#sees(playhead) ? playhead : this.view.from + this.view.span / 2);
  }

  panBy(seconds: number): void {
    this.view = views.pan(this.view, seconds, this.duration);
  }

  fit(): void {
    this.view = views.fit(this.duration);
  }

  embrace(start: number, end: number): void {
    this.view = views.embrace(start, end, this.duration);
  }

  /** Goes along with the playhead, unless it was left out of sight on purpose. */
  follow(time: number): void {
    const wasInSight = this.#sees(this.#lastTime);
    const isJump = Math.abs(time - this.#lastTime) > JUMP_S;
    this.#lastTime = time;
    if (!this.isHeld && (wasInSight || isJump)) this.view = views.reveal(this.view, time, this.duration);
  }

  #sees(time: number): boolean {
    return time >= this.view.from && time <= this.view.from + this.view.span;
  }
}
