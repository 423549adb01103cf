// A refusal as the API tells it: one sentence to show, a code to act on, the field it is about.
import type { ErrorEnvelope } from './types';
import { text } from '../strings';

export class ApiError extends Error {
  constructor(
    readonly sentence: string,
    readonly code: string,
    readonly status: number,
    readonly param: string | null = null,
    readonly requestId: string | null = null,
  ) {
    super(sentence);
    this.name = 'ApiError';
  }

  /** The server was not reached at all; trying again may help. */
  get isUnreachable(): boolean {
    return this.status === 0;
  }
}

function isEnvelope(body: unknown): body is ErrorEnvelope {
  return typeof body === 'object' && body !== null && typeof (body as ErrorEnvelope).error === 'string';
}

/** Reads an answer that is not a success; a body that is no envelope becomes a plain sentence. */
export function refusal(status: number, body: unknown): ApiError {
  if (isEnvelope(body)) {
    return new ApiError(body.error, body.code ?? 'unknown', status, body.param ?? null, body.request_id ?? null);
  }
  const isDown = status === 502 || status === 503 || status === 504;
  return new ApiError(isDown ? text.errors.busy : text.errors.ours, 'unknown', status);
}

/** Whatever was thrown, as an ApiError: a fetch that failed is an unreachable server. */
export function asError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (thrown instanceof TypeError) return new ApiError(text.errors.unreachable, 'unreachable', 0);
  return new ApiError(text.errors.ours, 'unknown', -1);
}

export const sentenceOf = (thrown: unknown): string => asError(thrown).sentence;
