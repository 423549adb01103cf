// Marking words with a finger: held on a word it marks, then a drag or a tap on another word reaches to there.
import type { Reading } from './reading.svelte';

const HOLD_MS = 400;
const STILL_PX = 10;

/** Listens on the element that holds the words; answers with the function that ends it. wordAt: the word at a point. */
export function markByTouch(
  element: HTMLElement,
  reading: Reading,
  wordAt: (target: EventTarget | null) => number | null,
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let begun: { x: number; y: number } | null = null;
  let isMarking = false;

  function start(event: TouchEvent): void {
    stop();
    const touch = event.touches[0];
    const position = wordAt(event.target);
    if (!touch || event.touches.length > 1 || position === null) return;
    begun = { x: touch.clientX, y: touch.clientY };
    timer = setTimeout(() => {
      isMarking = true;
      reading.mark(position);
      [reading.isByTouch, reading.isHeld] = [true, true];
    }, HOLD_MS);
  }

  function move(event: TouchEvent): void {
    const touch = event.touches[0]!;
    if (!isMarking) {
      if (begun && Math.hypot(touch.clientX - begun.x, touch.clientY - begun.y) > STILL_PX) stop();
      return;
    }
    event.preventDefault();
    const position = wordAt(document.elementFromPoint(touch.clientX, touch.clientY));
    if (position !== null) reading.mark(position, true);
  }

  /** The click that would follow a held finger would go to the word. */
  function end(event: TouchEvent): void {
    if (isMarking && event.cancelable) event.preventDefault();
    stop();
  }

  function stop(): void {
    clearTimeout(timer);
    [begun, isMarking] = [null, false];
    reading.isHeld = false;
  }

  /** A held finger would open the browser's own menu. */
  function menu(event: Event): void {
    if (begun) event.preventDefault();
  }

  const active = { passive: false };
  element.addEventListener('touchstart', start, { passive: true });
  element.addEventListener('touchmove', move, active);
  element.addEventListener('touchend', end, active);
  element.addEventListener('touchcancel', stop);
  element.addEventListener('contextmenu', menu);
  return () => {
    stop();
    element.removeEventListener('touchstart', start);
    element.removeEventListener('touchmove', move);
    element.removeEventListener('touchend', end);
    element.removeEventListener('touchcancel', stop);
    element.removeEventListener('contextmenu', menu);
  };
}
