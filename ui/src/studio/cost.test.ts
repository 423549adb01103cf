import { describe, expect, test } from 'vitest';

import type { Account, Rules } from '../api/types';
import {
  cutRefusal,
  formatChoices,
  isUltraHd,
  keepsThePicture,
  priceOf,
  qualityChoices,
  qualityToAsk,
  segmentRefusal,
  type Source,
} from './cost';
import { add, blank, type StudioDocument } from './document';

const sound = ['mp3', 'wav', 'm4a', 'flac'];
const rules = {
  prices: { trim_cents: 2, trim_4k_surcharge_cents: 2 },
  limits: { max_segment_s: 600, max_gif_s: 30, max_segments: 50 },
  formats: {
    video: { api_key: ['mp4'], session: ['mp4', 'gif', ...sound] },
    audio: { api_key: sound, session: sound },
  },
  qualities: { mp4: ['4k', '1080p', '720p', 'high', 'medium'], gif: ['1080p', '720p', 'high', 'medium'] },
} as unknown as Rules;

const unpaid = { is_covered: false, has_paid_deposit: false } as Account;
const paid = { ...unpaid, has_paid_deposit: true };
const covered = { ...unpaid, is_covered: true };

const hd: Source = { kind: 'video', width: 1920, height: 1080, hasSound: true, duration: 7200 };
const small: Source = { ...hd, width: 854, height: 480 };
const ultra: Source = { ...hd, width: 3840, height: 2160 };
const mute: Source = { ...hd, hasSound: false };
const song: Source = { kind: 'audio', width: 0, height: 0, hasSound: true, duration: 300 };

function cutting(format: string, quality: string | null, ...lengths: number[]): StudioDocument {
  let document: StudioDocument = { ...blank(format), quality };
  lengths.forEach((length, at) => {
    document = add(document, { start: at * 700, end: at * 700 + length }, 7200);
  });
  return document;
}
const reasons = (choices: { value: string | null; reason: string | null }[]) =>
  Object.fromEntries(choices.map(({ value, reason }) => [value ?? 'source', reason]));

describe('the price', () => {
  test.each([
    ['three segments cost three times one', hd, unpaid, cutting('mp4', null, 5, 5, 5), 6],
    ['4K out of 4K costs the surcharge on each', ultra, paid, cutting('mp4', '4k', 5, 5), 8],
    ['a 4K source as it is comes out as 4K for a paid account', ultra, paid, cutting('mp4', null, 5), 4],
    ['and for a covered one', ultra, covered, cutting('mp4', null, 5), 4],
    ['and is capped, without surcharge, for an unpaid one', ultra, unpaid, cutting('mp4', null, 5), 2],
    ['4K asked of a lower source costs no surcharge', hd, paid, cutting('mp4', '4k', 5, 5), 4],
    ['4K made smaller costs no surcharge', ultra, paid, cutting('mp4', '1080p', 5), 2],
    ['sound of a 4K source costs no surcharge', ultra, paid, cutting('wav', null, 5), 2],
    ['a GIF of a 4K source costs no surcharge', ultra, paid, cutting('gif', null, 5), 2],
    ['nothing costs nothing', hd, unpaid, cutting('mp4', null), 0],
  ])('%s', (_name, source, account, document, cents) => {
    const price = priceOf(rules, source, account, document);
    expect(price.cents).toBe(cents);
    expect(price.lines.reduce((sum, line) => sum + line.cents, 0)).toBe(cents);
  });
});

test.each([
  [hd, unpaid, cutting('mp4', null, 5), true],
  [hd, unpaid, cutting('mp4', '1080p', 5), true],
  [hd, unpaid, cutting('mp4', '720p', 5), false],
  [hd, unpaid, cutting('gif', null, 5), false],
  [ultra, unpaid, cutting('mp4', null, 5), false],
  [ultra, paid, cutting('mp4', null, 5), true],
  [ultra, paid, cutting('mp4', '1080p', 5), false],
])('only clips with the source’s own picture can be copied (%#)', (source, account, document, keeps) => {
  expect(keepsThePicture(rules, source, account, document)).toBe(keeps);
});

describe('formats', () => {
  test('of a video with short segments are all open', () => {
    const open = reasons(formatChoices(rules, hd, cutting('mp4', null, 10).segments));
    expect(open).toEqual({ mp4: null, gif: null, mp3: null, wav: null, m4a: null, flac: null });
  });
  test('GIF says how long it may be and how long this is', () => {
    const { gif } = reasons(formatChoices(rules, hd, cutting('mp4', null, 10, 48).segments));
    expect(gif).toBe('GIF is limited to 30 s (this is 48 s)');
  });
  test('of sound have no picture', () => {
    const { mp4, gif, mp3 } = reasons(formatChoices(rules, song, []));
    expect([mp4, gif, mp3]).toEqual([
      'MP4 needs a picture; this is sound only',
      'GIF needs a picture; this is sound only',
      null,
    ]);
  });
  test('of sound are shut for a silent source', () => {
    expect(reasons(formatChoices(rules, mute, [])).wav).toBe('This recording has no sound');
  });
});

describe('qualities', () => {
  test('are sizes, without their aliases', () => {
    expect(qualityChoices(rules, ultra, paid, 'mp4').map(({ value }) => value)).toEqual([null, '4k', '1080p', '720p']);
  });
  test('above the source are shut', () => {
    expect(reasons(qualityChoices(rules, small, paid, 'mp4'))).toEqual({
      source: null,
      '4k': 'The source is 480p',
      '1080p': 'The source is 480p',
      '720p': 'The source is 480p',
    });
  });
  test('4K is shut without a paid deposit and open for a covered account', () => {
    expect(reasons(qualityChoices(rules, ultra, unpaid, 'mp4'))['4k']).toBe('4K opens with a first paid deposit');
    expect(reasons(qualityChoices(rules, ultra, covered, 'mp4'))['4k']).toBeNull();
  });
  test('4K is none of GIF', () => {
    expect(reasons(qualityChoices(rules, ultra, paid, 'gif'))['4k']).toBe('GIF does not come in 4K');
  });
  test('do not apply to sound', () => {
    expect(reasons(qualityChoices(rules, hd, paid, 'mp3'))['1080p']).toBe('Quality does not apply to sound');
  });
  test('the source’s own says what an unpaid account will get of 4K', () => {
    expect(qualityChoices(rules, ultra, unpaid, 'mp4')[0]!.label).toBe('Source (1080p)');
    expect(qualityChoices(rules, ultra, paid, 'mp4')[0]!.label).toBe('Source (4K)');
  });
  test('that do not fit the format are not asked for', () => {
    expect(qualityToAsk(rules, hd, paid, { format: 'mp3', quality: '720p' })).toBeNull();
    expect(qualityToAsk(rules, hd, paid, { format: 'mp4', quality: '720p' })).toBe('720p');
  });
});

describe('a cut is refused', () => {
  test.each([
    ['without segments', hd, unpaid, cutting('mp4', null), 'Set an in point and an out point first'],
    [
      'with a segment over the limit',
      hd,
      unpaid,
      cutting('mp4', null, 5, 650),
      'Segment 2: The limit is 10 minutes a segment (this is 10:50)',
    ],
    ['as a GIF too long', hd, unpaid, cutting('gif', null, 48), 'Segment 1: GIF is limited to 30 s (this is 48 s)'],
    ['as video of a song', song, unpaid, cutting('mp4', null, 5), 'MP4 needs a picture; this is sound only'],
    ['over the balance', hd, unpaid, cutting('mp4', null, 5, 5), 'This costs $0.04; the balance is $0.03'],
  ])('%s', (_name, source, account, document, reason) => {
    expect(cutRefusal(rules, source, account, document, 0.03)).toBe(reason);
  });
  test('with more segments than one request takes', () => {
    const many = cutting('mp4', null, ...Array.from({ length: 10 }, () => 5));
    const few = { ...rules, limits: { ...rules.limits, max_segments: 9 } };
    expect(cutRefusal(few, hd, covered, many, 0)).toBe('At most 9 segments at once (these are 10)');
  });
  test('never for the balance of a covered account', () => {
    expect(cutRefusal(rules, hd, covered, cutting('mp4', null, 5), 0)).toBeNull();
  });
});

test('a segment of exactly the limit is allowed', () => {
  const segment = { id: 'a', start: 10, end: 610, name: '' };
  expect(segmentRefusal(rules, 'mp4', segment)).toBeNull();
  expect(segmentRefusal(rules, 'mp4', { ...segment, end: 610.5 })).not.toBeNull();
});

test('4K is told by both edges, upright or not', () => {
  expect(isUltraHd({ ...ultra, width: 2160, height: 3840 })).toBe(true);
  expect(isUltraHd({ ...ultra, width: 3440, height: 2160 })).toBe(false);
  expect(isUltraHd({ ...ultra, width: 2560, height: 1440 })).toBe(false);
});
