// What writing down costs, from the server's rules: the same tier the server will take.
import type { Account, Rules } from '../api/types';
import { formatCents, formatDollars } from '../money';
import { text } from '../strings';

export interface Price {
  cents: number;
  /** What it is made of. */
  madeOf: string;
}

/** Null for a recording longer than the last tier. */
export function priceOf(rules: Rules, duration_s: number): Price | null {
  const tier = rules.prices.transcript_cents.find(([minutes]) => duration_s <= minutes! * 60);
  return tier ? { cents: tier[1]!, madeOf: text.transcript.madeOf(tier[0]!) } : null;
}

/** Why it cannot be asked for, or null. `balance` in dollars; a covered account has no need of one. */
export function refusalOf(price: Price | null, account: Account, balance: number): string | null {
  if (!price) return text.transcript.tooLong;
  if (account.is_covered || price.cents <= Math.round(balance * 100)) return null;
  return text.transcript.tooExpensive(formatCents(price.cents), formatDollars(balance));
}
