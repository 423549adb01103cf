// What the server makes of a style and words: the script to draw, where each caption stands, and what to mend.
import { api, ask } from '../api/client';
import { asError, type ApiError } from '../api/errors';
import type { Caption, CaptionLook, DrawnCaptions } from '../api/types';

const AGAIN_MS = 1500;

export class Look {
  /** The newest answer, and the number of the ask that it answers. */
  drawn = $state.raw<DrawnCaptions | null>(null);
  revision = $state(0);
  error = $state.raw<ApiError | null>(null);

  #asked = 0;
  #wanted: CaptionLook | null = null;
  #isAsking = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Asks for this; of several that come while one is under way only the last is asked. */
  ask(look: CaptionLook): void {
    this.#wanted = look;
    this.#asked += 1;
    if (!this.#isAsking) void this.#go();
  }

  /** What is asked for and not answered yet would be drawn anew; whether everything has been. */
  get isFresh(): boolean {
    return this.revision === this.#asked;
  }

  stop(): void {
    this.#wanted = null;
    clearTimeout(this.#timer);
  }

  /** The caption at a time; else the one nearest to it, so that there is always one to take hold of. */
  at(time: number): Caption | null {
    const captions = this.drawn?.captions ?? [];
    const away = ({ start, end }: Caption) => (time < start ? start - time : Math.max(0, time - end));
    return captions.reduce<Caption | null>((best, one) => (best && away(best) <= away(one) ? best : one), null);
  }

  async #go(): Promise<void> {
    this.#isAsking = true;
    clearTimeout(this.#timer);
    while (this.#wanted) {
      const [body, asked] = [this.#wanted, this.#asked];
      this.#wanted = null;
      try {
        this.drawn = await ask(api.POST('/v1/captions/ass', { body }));
        this.revision = asked;
        this.error = null;
      } catch (thrown) {
        this.error = asError(thrown);
        if (this.error.status === 429 || this.error.isUnreachable) {
          this.#wanted ??= body;
          this.#timer = setTimeout(() => void this.#go(), AGAIN_MS);
          break;
        }
      }
    }
    this.#isAsking = false;
  }
}
