import { expect, test } from 'vitest';
import type { CaptionStyle, Rules } from '../api/types';
import { placeOf, under } from './place';
import { captionPrice } from './price';
import { spoken } from './sample';
import { change, shown, typed } from './style';

const box = (left: number, top: number, width = 0.4, height = 0.1) => ({
  left,
  top,
  right: left + width,
  bottom: top + height,
});

test.each([
  ['in the lower third its lower edge is held', box(0.3, 0.8), { x: 0, y: 0.02 }, { position_x: 0.5, position_y: 0.92 }],
  ['in the middle its middle', box(0.3, 0.4), { x: 0.05, y: 0.1 }, { position_x: 0.55, position_y: 0.55 }],
  ['in the upper third its upper edge', box(0.3, 0.1), { x: 0, y: 0 }, { position_x: 0.5, position_y: 0.1 }],
  ['beyond the picture it stops', box(0.3, 0.8), { x: 0, y: 0.5 }, { position_x: 0.5, position_y: 0.97 }],
  ['near the middle it snaps to it', box(0.3, 0.4), { x: 0.01, y: 0 }, { position_x: 0.5, position_y: 0.45 }],
])('a block that is dragged: %s', (_, from, by, place) => {
  const found = placeOf(from, by);
  expect(found.position_x).toBeCloseTo(place.position_x, 3);
  expect(found.position_y).toBeCloseTo(place.position_y, 3);
});

test('a block below 0.82 of the height lies under the buttons of TikTok, one above does not', () => {
  expect(under(box(0.2, 0.75), 'tiktok')).toBe(true);
  expect(under(box(0.2, 0.7), 'tiktok')).toBe(false);
});

test('captions cost each started minute', () => {
  const rules = { prices: { captions_minute_cents: { '1080p': 2, '4k': 4 } } } as Rules;
  expect(captionPrice(rules, 60, false)).toEqual({ cents: 2, minutes: 1, each: 2 });
  expect(captionPrice(rules, 60.001, true)).toEqual({ cents: 8, minutes: 2, each: 4 });
});

test('typed text is spoken in order, with a pause after a sentence', () => {
  const [one, two, three] = spoken('Say it. Now');
  expect(one!.end).toBeLessThan(two!.start);
  expect(three!.start - two!.end).toBeGreaterThan(0.4);
});

test('words at once follow the highlight, as the server clamps them', () => {
  const style = { highlight_mode: false, words_per_caption: 9 } as CaptionStyle;
  expect(change(style, { highlight_mode: true }, [2, 4]).words_per_caption).toBe(4);
  expect(change(style, { words_per_caption: 12 }, [2, 4]).words_per_caption).toBe(12);
});

test('percent is typed as it is shown', () => {
  expect(shown(0.735, 'percent')).toBe('73.5');
  expect(typed('73,5', 'percent')).toBeCloseTo(0.735);
  expect(typed('', 'px')).toBeNull();
});
