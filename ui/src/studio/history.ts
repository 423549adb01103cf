// Undo and redo over any immutable value, where one drag, however many moves it had, is one step.

/** Enough for an afternoon; a document is some kilobytes. */
const KEPT = 200;

export interface History<T> {
  past: readonly T[];
  present: T;
  future: readonly T[];
  /** The gesture that the newest step belongs to; the same gesture goes on in that step. */
  gesture: string | null;
}

export function begin<T>(present: T): History<T> {
  return { past: [], present, future: [], gesture: null };
}

/** A change that can be undone. Changes with the same `gesture`, one after another, are undone together. */
export function record<T>(history: History<T>, present: T, gesture: string | null = null): History<T> {
  if (present === history.present) return history;
  const goesOn = gesture !== null && gesture === history.gesture;
  const past = goesOn ? history.past : [...history.past, history.present].slice(-KEPT);
  return { past, present, future: [], gesture };
}

/** A change that is no work of its own (a selection): undo passes over it. */
export function replace<T>(history: History<T>, present: T): History<T> {
  return { ...history, present };
}

/** Ends a gesture: what comes next is a new step, even by the same name. */
export function seal<T>(history: History<T>): History<T> {
  return history.gesture === null ? history : { ...history, gesture: null };
}

export function undo<T>(history: History<T>): History<T> {
  const present = history.past.at(-1);
  if (present === undefined) return history;
  return {
    past: history.past.slice(0, -1),
    present,
    future: [history.present, ...history.future],
    gesture: null,
  };
}

export function redo<T>(history: History<T>): History<T> {
  const [present, ...future] = history.future;
  if (present === undefined) return history;
  return { past: [...history.past, history.present], present, future, gesture: null };
}
