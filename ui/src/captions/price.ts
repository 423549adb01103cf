// What captions cost, from the server's rules: every started minute counts.
import type { Rules } from '../api/types';

export interface CaptionPrice {
  cents: number;
  minutes: number;
  each: number;
}

/** `is4k`: the source is true 4K and comes out so. */
export function captionPrice({ prices }: Rules, seconds: number, is4k: boolean): CaptionPrice {
  const minutes = Math.ceil(Math.round(seconds * 1000) / 1000 / 60);
  const each = prices.captions_minute_cents[is4k ? '4k' : '1080p'];
  return { cents: minutes * each, minutes, each };
}
