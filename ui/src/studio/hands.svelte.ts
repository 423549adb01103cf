// Segments in the hand: an edge or the whole dragged along the line, caught by what is near, the number shown meanwhile.
import { text } from '../strings';
import { formatTime } from '../time';
import type { Editor } from './context';
import { frameAt, nearestEdge, snap, stepEdge } from './frames';
import { follow } from './pointer';

type Edge = 'start' | 'end';

const SNAP_PX = 8;
/** Keyframes closer than this catch everything, so they catch nothing. */
const KEYFRAME_SNAP_PX = 24;
/** Where the rate varies, a second is taken as so many frames. */
const A_SECOND_OF_FRAMES = 30;

export class Hands {
  /** What stands over the line while something is dragged. */
  bubble = $state.raw<{ x: number; label: string; note: string } | null>(null);

  constructor(
    private readonly editor: Editor,
    private readonly isSnapping: () => boolean,
  ) {}

  dragEdge(press: PointerEvent, id: string, edge: Edge): void {
    const before = this.#find(id);
    if (press.button !== 0 || !before) return;
    press.stopPropagation();
    const { document, playback, viewport } = this.editor;
    playback.stop();
    const marks = this.#take(id);
    follow(press, {
      move: (moved, by) => {
        const at = this.#settle(before[edge] + by * viewport.secondsPerPixel, moved.altKey, marks);
        document.retime(id, { [edge]: at }, `${edge} ${id}`);
        this.#show(id, edge);
        this.#say(id, edge);
      },
      end: () => this.#letGo(),
    });
  }

  dragWhole(press: PointerEvent, id: string): void {
    const before = this.#find(id);
    if (press.button !== 0 || !before) return;
    press.stopPropagation();
    const { document, playback, viewport } = this.editor;
    const length = before.end - before.start;
    const marks = this.#take(id);
    follow(press, {
      move: (moved, by) => {
        const wanted = before.start + by * viewport.secondsPerPixel;
        const atStart = this.#settle(wanted, moved.altKey, marks);
        const atEnd = this.#settle(wanted + length, moved.altKey, marks);
        const isEndNearer = marks.includes(atEnd) && !marks.includes(atStart);
        document.move(id, isEndNearer ? atEnd - length : atStart, `move ${id}`);
        this.#show(id, 'start');
        this.#say(id, 'start');
      },
      end: (hasMoved) => {
        this.#letGo();
        if (!hasMoved) playback.seek(before.start);
      },
    });
  }

  /** Arrows on a focused edge: by frames, with Shift by seconds. */
  nudge(id: string, edge: Edge, by: number, isCoarse: boolean): void {
    const segment = this.#find(id);
    if (!segment) return;
    const { clock } = this.editor.recording;
    const second = clock?.kind === 'even' ? Math.round(clock.fps) : A_SECOND_OF_FRAMES;
    this.editor.document.retime(id, { [edge]: stepEdge(clock, segment[edge], isCoarse ? by * second : by) });
    this.#show(id, edge);
  }

  #find(id: string): { start: number; end: number } | undefined {
    return this.editor.document.now.segments.find((segment) => segment.id === id);
  }

  #take(id: string): number[] {
    const { document, playback, viewport } = this.editor;
    document.select(id);
    viewport.isHeld = true;
    return this.#marksBeside(id, playback.inPoint);
  }

  #letGo(): void {
    this.editor.viewport.isHeld = false;
    this.bubble = null;
    this.editor.document.endGesture();
  }

  #marksBeside(id: string, playhead: number): number[] {
    const { document, recording, viewport } = this.editor;
    const others = document.now.segments.filter((segment) => segment.id !== id);
    const edges = others.flatMap(({ start, end }) => [start, end]);
    const keyframes = recording.preview?.keyframes ?? [];
    const apart = viewport.duration / Math.max(1, keyframes.length) / viewport.secondsPerPixel;
    return [0, viewport.duration, playhead, ...edges, ...(apart > KEYFRAME_SNAP_PX ? keyframes : [])];
  }

  /** Where an edge comes to rest: at a mark in reach, else on the nearest frame. `isOtherwise` turns snapping round. */
  #settle(time: number, isOtherwise: boolean, marks: number[]): number {
    const reach = SNAP_PX * this.editor.viewport.secondsPerPixel;
    const caught = this.isSnapping() !== isOtherwise ? snap(time, marks, reach) : null;
    return caught ?? nearestEdge(this.editor.recording.clock, time);
  }

  /** The first frame kept, or the last. */
  #show(id: string, edge: Edge): void {
    const segment = this.#find(id)!;
    if (edge === 'start') this.editor.playback.seek(segment.start);
    else this.editor.playback.seekBefore(segment.end);
  }

  /** The number at what is dragged: the time, and the first or last frame that is kept. */
  #say(id: string, edge: Edge): void {
    const { recording, viewport } = this.editor;
    const segment = this.#find(id)!;
    const at = segment[edge];
    const kept = recording.clock && frameAt(recording.clock, at) - (edge === 'end' ? 1 : 0);
    const frame = kept === null ? '' : ` · f ${kept}`;
    const note = text.studio.timeline.long(segment.end - segment.start);
    this.bubble = { x: viewport.xOf(at), label: formatTime(at) + frame, note };
  }
}
