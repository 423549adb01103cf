// Days as the API counts them: in UTC, written 2026-04-19.

const DAY_MS = 86_400_000;

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** The last `count` days, today included: [first, last]. */
export function lastDays(count: number, now = Date.now()): [string, string] {
  return [dayOf(now - (count - 1) * DAY_MS), dayOf(now)];
}

/** Every day from one to another, both included. */
export function daysBetween(from: string, to: string): string[] {
  const [first, last] = [Date.parse(`${from}T00:00:00Z`), Date.parse(`${to}T00:00:00Z`)];
  const count = Math.max(0, Math.round((last - first) / DAY_MS) + 1);
  return Array.from({ length: count }, (_, index) => dayOf(first + index * DAY_MS));
}
