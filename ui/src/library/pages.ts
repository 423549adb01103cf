// Lists that come and go in pages.

/** Pages overlap when something came or went between two of them: each clip once, in its first place, as last read. */
export function unique<Item extends { clip_id: string }>(items: Item[]): Item[] {
  return [...new Map(items.map((item) => [item.clip_id, item])).values()];
}

/** The items in order, at most `size` at a time. */
export function batches<Item>(items: Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}
