// What the server makes of a style and words: the script to draw, where each caption stands, and what to mend.
import { api, ask } from '../api/client';
import type { ApiError } from '../api/errors';
import type { Caption, CaptionLook, DrawnCaptions } from '../api/types';
import { Newest } from './newest';

export class Look {
  /** The newest answer, and the number of the ask that it answers. */
  drawn = $state.raw<DrawnCaptions | null>(null);
  revision = $state(0);
  error = $state.raw<ApiError | null>(null);

  #asked = 0;
  readonly #newest = new Newest<{ body: CaptionLook; asked: number }>(
    async ({ body, asked }) => {
      this.drawn = await ask(api.POST('/v1/captions/ass', { body }));
      this.revision = asked;
      this.error = null;
    },
    (error) => (this.error = error),
  );

  /** Asks for this; of several that come while one is under way only the last is asked. */
  ask(look: CaptionLook): void {
    this.#asked += 1;
    this.#newest.wish({ body: look, asked: this.#asked });
  }

  stop(): void {
    this.#newest.forget();
  }

  /** The caption at a time; else the one nearest to it, so that there is always one to take hold of. */
  at(time: number): Caption | null {
    const captions = this.drawn?.captions ?? [];
    const away = ({ start, end }: Caption) => (time < start ? start - time : Math.max(0, time - end));
    return captions.reduce<Caption | null>((best, one) => (best && away(best) <= away(one) ? best : one), null);
  }
}
