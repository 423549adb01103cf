// The server's exact frame, for where the browser cannot draw: one asked at a time, the newest wish next.
import { api, ask } from '../api/client';
import { asError } from '../api/errors';
import type { CaptionLook } from '../api/types';

export type FrameAsk = CaptionLook & { at: number; background_file_id?: string };

/** Too many asks in a minute are refused; then, or without a network, it waits so long. */
const AGAIN_MS = 1500;

export class ServerFrames {
  #wanted: FrameAsk | null = null;
  #isAsking = false;
  #isStopped = false;

  /** `show`: the address of a picture, to be revoked by who shows it. `fail`: why there is none. */
  constructor(
    private readonly show: (url: string) => void,
    private readonly fail: (reason: unknown) => void,
  ) {}

  ask(frame: FrameAsk): void {
    this.#wanted = frame;
    if (!this.#isAsking) void this.#go();
  }

  stop(): void {
    this.#isStopped = true;
    this.#wanted = null;
  }

  async #go(): Promise<void> {
    this.#isAsking = true;
    while (this.#wanted && !this.#isStopped) {
      const body = this.#wanted;
      this.#wanted = null;
      try {
        const picture = await ask(api.POST('/v1/captions/frame', { body, parseAs: 'blob' }));
        if (!this.#isStopped) this.show(URL.createObjectURL(picture));
      } catch (thrown) {
        const error = asError(thrown);
        if (error.status === 404 && body.background_file_id) {
          this.#wanted ??= { ...body, background_file_id: undefined }; // the recording is gone; its clip may live on
        } else if (error.status === 429 || error.isUnreachable) {
          await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
          this.#wanted ??= body;
        } else this.fail(thrown);
      }
    }
    this.#isAsking = false;
  }
}
