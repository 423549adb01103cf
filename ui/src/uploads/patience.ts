// Waiting that can be broken off: between attempts, and for the network to come back.

/** Each wait is twice the last, up to this. */
const LONGEST_MS = 15_000;
const FIRST_MS = 400;
const LOOK_MS = 5000;
/** After so many attempts, about a minute, a person should decide. */
export const ATTEMPTS = 8;

/** How long to wait after `attempt` failures; scattered, so that four lanes do not knock together. */
export function backoff(attempt: number, random = Math.random()): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt) * (0.5 + random);
}

/** Resolves after `ms`; rejects with AbortError as soon as the signal says so. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      signal.removeEventListener('abort', broken);
      resolve();
    }
    function broken(): void {
      clearTimeout(timer);
      reject(new DOMException('Aborted', 'AbortError'));
    }
    if (signal.aborted) broken();
    else signal.addEventListener('abort', broken, { once: true });
  });
}

/** Resolves when the browser is, or says that it is again, on a network; looks for itself now and then. */
export async function untilOnline(signal: AbortSignal): Promise<void> {
  while (!navigator.onLine) {
    const woken = new AbortController();
    const wake = () => woken.abort();
    addEventListener('online', wake, { once: true });
    try {
      await pause(LOOK_MS, AbortSignal.any([signal, woken.signal]));
    } catch {
      signal.throwIfAborted();
    } finally {
      removeEventListener('online', wake);
    }
  }
}
