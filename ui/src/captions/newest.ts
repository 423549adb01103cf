// Asks one thing at a time and the newest wish next: what nobody waits for any more is never asked.
import { asError, type ApiError } from '../api/errors';

/** Too many asks in a minute are refused; then, or without a network, it waits so long. */
const AGAIN_MS = 1500;

export class Newest<Wish> {
  #wanted: Wish | null = null;
  #isAsking = false;

  /** answer: asks for it and shows what comes. fail: hears why nothing came; what is refused for now is asked again. */
  constructor(
    private readonly answer: (wish: Wish) => Promise<void>,
    private readonly fail: (error: ApiError, wish: Wish) => void,
  ) {}

  wish(wish: Wish): void {
    this.#wanted = wish;
    if (!this.#isAsking) void this.#go();
  }

  /** What waits is not asked for; what is under way still comes. */
  forget(): void {
    this.#wanted = null;
  }

  async #go(): Promise<void> {
    this.#isAsking = true;
    for (let wish = this.#wanted; wish !== null; wish = this.#wanted) {
      this.#wanted = null;
      try {
        await this.answer(wish);
      } catch (thrown) {
        const error = asError(thrown);
        this.fail(error, wish);
        if (error.status !== 429 && !error.isUnreachable) continue;
        this.#wanted ??= wish;
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
    this.#isAsking = false;
  }
}
