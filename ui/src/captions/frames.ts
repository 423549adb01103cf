// The server's exact frame, for where the browser cannot draw.
import { api, ask } from '../api/client';
import type { CaptionLook } from '../api/types';
import { Newest } from './newest';

export type FrameAsk = CaptionLook & { at: number; background_file_id?: string };

export class ServerFrames {
  #isStopped = false;
  readonly #newest: Newest<FrameAsk>;

  /** show: the address of a picture, to be revoked by who shows it. fail: why there is none. */
  constructor(show: (url: string, at: number) => void, fail: (reason: unknown) => void) {
    this.#newest = new Newest<FrameAsk>(
      async (body) => {
        const picture = await ask(api.POST('/v1/captions/frame', { body, parseAs: 'blob' }));
        if (!this.#isStopped) show(URL.createObjectURL(picture), body.at);
      },
      (error, body) => {
        // The recording is gone; its clip may live on.
        if (error.status === 404 && body.background_file_id) this.ask({ ...body, background_file_id: undefined });
        else if (error.status !== 429 && !error.isUnreachable) fail(error);
      },
    );
  }

  ask(frame: FrameAsk): void {
    if (!this.#isStopped) this.#newest.wish(frame);
  }

  stop(): void {
    this.#isStopped = true;
    this.#newest.forget();
  }
}
