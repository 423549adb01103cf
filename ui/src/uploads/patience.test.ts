import { expect, test } from 'vitest';

import { backoff, pause } from './patience';

test('each wait is longer than the last until they are as long as they get', () => {
  const waits = [0, 1, 2, 3, 4, 5, 6, 7].map((attempt) => backoff(attempt, 0.5));
  expect(waits).toEqual([400, 800, 1600, 3200, 6400, 12_800, 15_000, 15_000]);
});

test('waits are scattered by half either way', () => {
  expect([backoff(0, 0), backoff(0, 1)]).toEqual([200, 600]);
});

test('a wait that is broken off ends at once', async () => {
  const stop = new AbortController();
  const waiting = pause(60_000, stop.signal);
  stop.abort();
  await expect(waiting).rejects.toThrow('Aborted');
});
