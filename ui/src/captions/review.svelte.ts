// What to mend in captions of which only a part is drawn: the server looks through all of them once a hand rests.
import { api, ask } from '../api/client';
import type { CaptionLook, Finding } from '../api/types';
import { Newest } from './newest';

const REST_MS = 600;

export class Review {
  findings = $state.raw<Finding[]>([]);

  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #newest = new Newest<CaptionLook>(
    async (body) => {
      this.findings = (await ask(api.POST('/v1/captions/review', { body }))).findings;
    },
    () => undefined, // the same style is refused, with its reason, where it is drawn
  );

  ask(look: CaptionLook): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#newest.wish(look), this.findings.length ? REST_MS : 0);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#newest.forget();
  }
}
