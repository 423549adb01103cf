// One PUT of bytes to a presigned address, by XMLHttpRequest: fetch cannot tell how much has gone.

/** Why a part did not arrive; status 0 is a lost or silent connection. */
export class PutError extends Error {
  constructor(
    readonly status: number,
    readonly sentence: string | null = null,
  ) {
    super(`PUT answered ${status}`);
    this.name = 'PutError';
  }
}

export type Put = (url: string, body: Blob, onSent: (bytes: number) => void, signal: AbortSignal) => Promise<string>;

/** A connection on which nothing moves for so long is given up and tried anew. */
const SILENCE_MS = 30_000;
/** Without a network it is given up sooner; a server on this same machine still answers then. */
const OFFLINE_SILENCE_MS = 4000;
/** After the last byte the server still writes and hashes. */
const ANSWER_MS = 120_000;

/** Sends the bytes and answers with the ETag. Throws PutError, or AbortError when the signal said so. */
export const putBytes: Put = (url, body, onSent, signal) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let isSilent = false;
    let watch: ReturnType<typeof setTimeout>;
    const expect = (ms: number) => {
      clearTimeout(watch);
      watch = setTimeout(() => {
        isSilent = true;
        request.abort();
      }, ms);
    };
    const stop = () => request.abort();
    const lost = () => expect(OFFLINE_SILENCE_MS);
    const end = (settle: () => void) => () => {
      clearTimeout(watch);
      signal.removeEventListener('abort', stop);
      removeEventListener('offline', lost);
      settle();
    };

    request.open('PUT', url);
    request.upload.onprogress = (event) => {
      onSent(event.loaded);
      expect(event.loaded >= body.size ? ANSWER_MS : navigator.onLine ? SILENCE_MS : OFFLINE_SILENCE_MS);
    };
    request.onload = end(() => {
      const tag = request.getResponseHeader('ETag');
      if (request.status === 200 && tag) resolve(tag);
      else reject(new PutError(request.status, sentenceIn(request.responseText)));
    });
    request.onerror = end(() => reject(new PutError(0)));
    request.onabort = end(() => reject(isSilent ? new PutError(0) : new DOMException('Aborted', 'AbortError')));
    signal.addEventListener('abort', stop);
    addEventListener('offline', lost);
    if (signal.aborted) return end(() => reject(new DOMException('Aborted', 'AbortError')))();
    expect(SILENCE_MS);
    request.send(body);
  });

function sentenceIn(body: string): string | null {
  try {
    const { error } = JSON.parse(body) as { error?: unknown };
    return typeof error === 'string' ? error : null;
  } catch {
    return null;
  }
}
