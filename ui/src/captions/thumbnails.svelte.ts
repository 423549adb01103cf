// Small living pictures of styles: each is drawn once as a flip book of its different pictures, then only turned.
import { api, ask } from '../api/client';
import { asError } from '../api/errors';
import type { CaptionLook, CaptionStyle, DrawnCaptions } from '../api/types';
import { text } from '../strings';
import { painter, type Crop, type Painted } from './painter';
import { spoken } from './sample';

const RATE = 15;
const SIDE = 1080;
/** Units of the picture that a thumbnail shows at least; fewer would make small styles look large. */
const LEAST_UNITS = 560;
const AIR_UNITS = 44;
/** As long as every style keeps its last word: the loop has no empty picture. */
const LINGER_S = 0.2;
const AGAIN_MS = 5000;

export interface FlipBook {
  /** One only, drawn by the server, where the browser cannot. */
  pages: Painted[];
  duration: number;
}

/** The pictures of a style, `width` x `height` pixels each. */
export async function flipBook(ref: string, style: CaptionStyle, width: number, height: number): Promise<FlipBook> {
  const words = spoken(text.captions.thumbnail);
  const look = { preset_ref: ref, fields: { ...style, position_x: 0.5, position_y: 0.5 }, words };
  const [from, to] = [words[0]!.start, words.at(-1)!.end + LINGER_S];
  const duration = to - from;
  const drawn = await ask(api.POST('/v1/captions/ass', { body: { ...look, width: SIDE, height: SIDE } }));
  const units = Math.max(LEAST_UNITS, widest(drawn) * SIDE + 2 * AIR_UNITS, (tallest(drawn) * SIDE + AIR_UNITS) * (width / height));
  const side = Math.round((SIDE * width) / units);
  const crop = { x: Math.round((side - width) / 2), y: Math.round((side - height) / 2), width, height };
  if (!painter.canPaint) {
    const seen = { ...look, width: side, height: side };
    return { pages: [await still(seen, words[1]!.start + 0.15, crop)], duration };
  }
  const times = Array.from({ length: Math.ceil(duration * RATE) }, (_, n) => from + n / RATE);
  const script = { ass: drawn.ass, fonts: drawn.fonts };
  const pages = await painter.paint(`thumbnail ${ref}`, { script, width: side, height: side, times, crop });
  return { pages: (pages ?? []).map(({ at, picture }) => ({ at: at - from, picture })), duration };
}

/** Drawn by the server. It takes so many asks a minute; what is one too many comes later. */
async function still(look: CaptionLook, at: number, crop: Crop): Promise<Painted> {
  for (;;) {
    try {
      const drawn = await ask(api.POST('/v1/captions/frame', { body: { ...look, at }, parseAs: 'blob' }));
      return { at: 0, picture: await createImageBitmap(drawn, crop.x, crop.y, crop.width, crop.height) };
    } catch (thrown) {
      if (asError(thrown).status !== 429) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

const widest = ({ captions }: DrawnCaptions): number => Math.max(0, ...captions.map(({ box }) => box.right - box.left));
const tallest = ({ captions }: DrawnCaptions): number => Math.max(0, ...captions.map(({ box }) => box.bottom - box.top));

/** The page of the book that is open at a time. */
export function pageAt({ pages }: FlipBook, time: number): Painted | null {
  return pages.findLast(({ at }) => at <= time) ?? pages[0] ?? null;
}
