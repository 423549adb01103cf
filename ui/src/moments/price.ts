// What a search and the clips of one cost, from the server's rules: the same sums the server will do.
import type { Account, Rules, Tier } from '../api/types';
import { formatCents } from '../money';
import type { Price } from '../studio/cost';
import { text } from '../strings';

/** The tier that a recording falls in; the last one for anything longer. */
export function tierOf(tiers: readonly Tier[], seconds: number): { minutes: number; cents: number } {
  const tier = tiers.find(([minutes]) => seconds <= minutes! * 60) ?? tiers[tiers.length - 1]!;
  return { minutes: tier[0]!, cents: tier[1]! };
}

export function searchPrice(rules: Rules, seconds: number): Price {
  const { minutes, cents } = tierOf(rules.prices.analyze_cents, seconds);
  return { cents, lines: [{ label: text.moments.madeOf.find(minutes), cents }] };
}

/** What is reserved for clips: with captions that of the whole recording, of which the rest comes back. */
export function clipsPrice(rules: Rules, seconds: number, captions: { is4k: boolean } | null): Price {
  const { minutes, cents } = tierOf(rules.prices.auto_cents, seconds);
  const lines = [{ label: text.moments.madeOf.make(minutes), cents }];
  if (captions) {
    const rate = rules.prices.captions_minute_cents[captions.is4k ? '4k' : '1080p'];
    const started = Math.ceil(seconds / 60);
    lines.push({ label: text.moments.madeOf.captions(started, formatCents(rate)), cents: started * rate });
  }
  return { cents: lines.reduce((sum, line) => sum + line.cents, 0), lines };
}

/** Why it cannot be paid, or null. `balance` in dollars; a covered account has no need of one. */
export function paymentRefusal(account: Account, balance: number, cents: number): string | null {
  if (account.is_covered || cents <= Math.round(balance * 100)) return null;
  return text.studio.refusals.balance(cents, balance);
}
