// The one client of the REST API: `await ask(api.GET('/v1/clips', …))` answers with data or throws an ApiError.
import createClient, { type Middleware } from 'openapi-fetch';
import { asError, refusal } from './errors';
import type { paths } from './schema';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

let csrfToken: string | null = null;
let onSignedOut: (() => void) | null = null;

/** The token that unsafe calls of a signed-in page must carry; null when signed out. */
export function setCsrfToken(token: string | null): void {
  csrfToken = token;
}

/** Called when the server no longer knows our session. */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

const session: Middleware = {
  onRequest({ request }) {
    if (csrfToken && !SAFE.has(request.method)) request.headers.set('X-CSRF-Token', csrfToken);
    return request;
  },
  onResponse({ response, schemaPath }) {
    if (response.status === 401 && !schemaPath.startsWith('/v1/auth/') && schemaPath !== '/v1/setup') onSignedOut?.();
    return response;
  },
};

export const api = createClient<paths>({ credentials: 'same-origin' });
api.use(session);

interface Reply<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** The answer's data; throws ApiError when the server refuses or is not there. */
export async function ask<Data>(reply: Promise<Reply<Data>>): Promise<Data> {
  let settled: Reply<Data>;
  try {
    settled = await reply;
  } catch (thrown) {
    if (thrown instanceof DOMException && thrown.name === 'AbortError') throw thrown;
    throw asError(thrown);
  }
  if (!settled.response.ok) throw refusal(settled.response.status, settled.error);
  return settled.data as Data;
}
