import { describe, expect, it } from 'vitest';
import type { Account, Rules } from '../api/types';
import { text } from '../strings';
import { clipsPrice, paymentRefusal, searchPrice } from './price';

const rules = {
  prices: {
    captions_minute_cents: { '1080p': 2, '4k': 4 },
    analyze_cents: [
      [30, 8],
      [60, 15],
      [120, 25],
      [240, 40],
    ],
    auto_cents: [
      [30, 10],
      [60, 20],
      [120, 35],
      [240, 50],
    ],
  },
} as unknown as Rules;

describe('the price of a search', () => {
  it.each([
    [1800, 8],
    [1800.001, 15],
    [10_800, 40],
  ])('is that of the tier: %d s', (seconds, cents) => {
    expect(searchPrice(rules, seconds).cents).toBe(cents);
  });
});

describe('the price of clips', () => {
  it('is the tier, and with captions those of the whole recording beside it', () => {
    expect(clipsPrice(rules, 1200.5, null).cents).toBe(10);
    expect(clipsPrice(rules, 1200.5, { is4k: false }).cents).toBe(52);
    expect(clipsPrice(rules, 1200.5, { is4k: true }).cents).toBe(94);
  });

  it('is refused where the balance does not hold it', () => {
    const metered = { is_covered: false } as Account;
    expect(paymentRefusal(metered, 0.51, 52)).toContain('0.52');
    expect(paymentRefusal(metered, 0.52, 52)).toBeNull();
    expect(paymentRefusal({ is_covered: true } as Account, 0, 52)).toBeNull();
  });
});

describe('how sure a moment is', () => {
  it('has a word beside the number', () => {
    const words = [0.72, 0.5, 0.3, 0.2].map(text.moments.sure);
    expect(words).toEqual(['Very likely', 'Likely', 'Possible', 'Unsure']);
  });

  it('says what it was found with', () => {
    expect(text.moments.engine('embeddings+llama.cpp')).toBe(
      'Found by meaning and words, ordered with a language model',
    );
  });
});
