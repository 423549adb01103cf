// Where captions stand: what a place in the picture means for the style, and what phones lay over the picture.
import type { CaptionBox } from '../api/types';

export type Ratio = '16:9' | '9:16' | '1:1';
export const RATIOS: Ratio[] = ['16:9', '9:16', '1:1'];

/** The picture that captions are laid out for. */
export const FRAMES: Record<Ratio, { width: number; height: number }> = {
  '16:9': { width: 1920, height: 1080 },
  '9:16': { width: 1080, height: 1920 },
  '1:1': { width: 1080, height: 1080 },
};

export type Zone = 'tiktok' | 'reels' | 'shorts' | 'title';

/** What the app's own buttons and texts cover, in parts of the picture from each side (captions.md 1). */
export const ZONES: Record<Zone, { top: number; right: number; bottom: number; left: number }> = {
  tiktok: { top: 130 / 1920, right: 164 / 1080, bottom: 350 / 1920, left: 60 / 1080 },
  reels: { top: 220 / 1920, right: 120 / 1080, bottom: 380 / 1920, left: 40 / 1080 },
  shorts: { top: 180 / 1920, right: 150 / 1080, bottom: 300 / 1920, left: 40 / 1080 },
  title: { top: 0.05, right: 0.05, bottom: 0.05, left: 0.05 },
};

/** Only tall pictures are shown under those buttons; the title-safe frame is every screen's. */
export const isZoneOf = (zone: Zone, { width, height }: { width: number; height: number }): boolean =>
  zone === 'title' || height > width;

const RANGE_X = [0.05, 0.95] as const;
const RANGE_Y = [0.03, 0.97] as const;
const SNAP = 0.012;

/**
 * The place to write down so that the block's middle comes to `at`. A block holds on to its upper edge in the upper
 * third, to its lower edge in the lower one, else to its middle (captions.md 3).
 */
function held(at: number, size: number, [low, high]: readonly [number, number]): number {
  const third = 1 / 3;
  const place = at < third ? at - size / 2 : at > 2 * third ? at + size / 2 : at;
  // Just past a third the other edge would be held: stay on this side of it.
  const kept = at < third ? Math.min(place, third - 1e-4) : at > 2 * third ? Math.max(place, 2 * third + 1e-4) : place;
  return Math.round(Math.min(Math.max(kept, low), high) * 1000) / 1000;
}

export function placeOf(box: CaptionBox, by: { x: number; y: number }): { position_x: number; position_y: number } {
  const x = (box.left + box.right) / 2 + by.x;
  const y = (box.top + box.bottom) / 2 + by.y;
  const snapped = Math.abs(x - 0.5) < SNAP ? 0.5 : x;
  return {
    position_x: snapped === 0.5 ? 0.5 : held(snapped, box.right - box.left, RANGE_X),
    position_y: held(Math.abs(y - 0.5) < SNAP ? 0.5 : y, box.bottom - box.top, RANGE_Y),
  };
}

/** How far a block lies under an app's buttons: the sides on which it does. */
export function under(box: CaptionBox, zone: Zone): boolean {
  const { top, right, bottom } = ZONES[zone];
  return box.bottom > 1 - bottom || box.top < top || box.right > 1 - right / 2;
}
