// What a typed amount is worth, and the key that keeps a payment from being made twice.
import type { Rules } from '../api/types';

/** Cents of what somebody typed (`25`, `$25.50`, `1,000`), null when it is no amount. */
export function parseDollars(typed: string): number | null {
  const match = /^\$?\s*(\d{1,6}|\d{1,3}(?:,\d{3})*)(?:\.(\d{1,2}))?$/.exec(typed.trim());
  if (!match) return null;
  return Number(match[1]!.replaceAll(',', '')) * 100 + Number((match[2] ?? '').padEnd(2, '0'));
}

/** What a deposit earns on top, in cents: percentages add up, and the sum is floored. */
export function bonusOf(cents: number, isFirst: boolean, deposit: Rules['prices']['deposit']): number {
  const percent =
    (isFirst ? deposit.first_bonus_percent : 0) + (cents >= deposit.large_cents ? deposit.large_bonus_percent : 0);
  return Math.floor((cents * percent) / 100);
}

/** A fresh Idempotency-Key. (crypto.randomUUID is not there on a LAN without https.) */
export function freshKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The header that makes a POST count once, however often it is sent. */
export const once = (key: string): { headers: Record<string, string> } => ({ headers: { 'Idempotency-Key': key } });
