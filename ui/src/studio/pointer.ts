// One drag of a pointer, from press to release, wherever it goes.

interface Drag {
  /** `by`: pixels from where it was pressed. */
  move(event: PointerEvent, by: number): void;
  /** `hasMoved` is false for a mere press. */
  end?(hasMoved: boolean): void;
}

/** A hand trembles this much without meaning it. */
const TREMBLE_PX = 3;

export function follow(press: PointerEvent, drag: Drag): void {
  const element = press.currentTarget as HTMLElement;
  const stop = new AbortController();
  const { signal } = stop;
  let hasMoved = false;
  element.setPointerCapture(press.pointerId);
  const isOurs = (event: PointerEvent) => event.pointerId === press.pointerId;

  const moved = (event: PointerEvent) => {
    const by = event.clientX - press.clientX;
    if (!isOurs(event) || (!hasMoved && Math.abs(by) < TREMBLE_PX)) return;
    hasMoved = true;
    drag.move(event, by);
  };
  const ended = (event: PointerEvent) => {
    if (!isOurs(event)) return;
    stop.abort();
    drag.end?.(hasMoved);
  };
  element.addEventListener('pointermove', moved, { signal });
  element.addEventListener('pointerup', ended, { signal });
  element.addEventListener('pointercancel', ended, { signal });
}
