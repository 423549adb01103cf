// How fast bytes go and when they will have gone, smoothed so that the numbers can be read.

/** Speed is that of the last so many milliseconds: long enough to be calm, short enough to see a line get slower. */
const WINDOW_MS = 6000;
/** Before this much has been seen no number is shown. */
const SETTLED_MS = 800;

export class Pace {
  #seen: { at_ms: number; bytes: number }[] = [];

  /** Notes how many bytes have gone in all. A part that is sent again takes bytes back: then the count begins anew. */
  note(bytes: number, at_ms: number): void {
    const last = this.#seen.at(-1);
    if (last && bytes < last.bytes) this.#seen = [];
    this.#seen.push({ at_ms, bytes });
    const oldest = at_ms - WINDOW_MS;
    while (this.#seen.length > 2 && this.#seen[1]!.at_ms < oldest) this.#seen.shift();
  }

  /** Forgets what was seen, as after a pause. */
  rest(): void {
    this.#seen = [];
  }

  /** Bytes a second, or null while it is too early to say. */
  get speed(): number | null {
    const [first, last] = [this.#seen[0], this.#seen.at(-1)];
    if (!first || !last || last.at_ms - first.at_ms < SETTLED_MS) return null;
    return ((last.bytes - first.bytes) / (last.at_ms - first.at_ms)) * 1000;
  }

  /** Seconds until `bytesLeft` more have gone, or null. */
  secondsFor(bytesLeft: number): number | null {
    const speed = this.speed;
    return speed ? bytesLeft / speed : null;
  }
}
