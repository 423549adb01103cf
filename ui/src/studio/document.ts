// What is being made of one source: its segments and how they come out. Pure: every verb takes a document and gives the next.

export interface Segment {
  id: string;
  /** Seconds from the beginning of the source. */
  start: number;
  end: number;
  name: string;
}

export interface StudioDocument {
  /** In order of their start. */
  segments: readonly Segment[];
  selected: string | null;
  /** An in point that still waits for its out point. */
  mark: number | null;
  format: string;
  /** Null: as the source is. */
  quality: string | null;
  /** The preset_ref of the captions that are drawn into the clips; null: none. */
  captions: string | null;
}

/** How long a segment is that is made by one press, in seconds. */
const FRESH_S = 10;
/** The shortest a segment can be: one frame of 100 a second. */
const SHORTEST_S = 0.01;

export function blank(format: string): StudioDocument {
  return { segments: [], selected: null, mark: null, format, quality: null, captions: null };
}

export function selectedOf(document: StudioDocument): Segment | null {
  return document.segments.find((segment) => segment.id === document.selected) ?? null;
}

export function select(document: StudioDocument, id: string | null): StudioDocument {
  return document.selected === id ? document : { ...document, selected: id, mark: null };
}

/** A new, selected segment; its ends are put in order and kept inside the source. */
export function add(
  document: StudioDocument,
  range: { start: number; end: number; name?: string },
  duration: number,
  id = freshId(),
): StudioDocument {
  const start = clamp(Math.min(range.start, range.end), 0, duration);
  const end = clamp(Math.max(range.start, range.end), 0, duration);
  if (end - start < SHORTEST_S) return document;
  return sorted({ ...document, selected: id, mark: null }, [
    ...document.segments,
    { id, start, end, name: range.name ?? '' },
  ]);
}

/** More segments; the last of them is selected. */
export function addAll(
  document: StudioDocument,
  ranges: readonly { start: number; end: number; name?: string }[],
  duration: number,
): StudioDocument {
  return ranges.reduce((before, range) => add(before, range, duration), document);
}

/** A new segment at the playhead, of a length to be trimmed from. */
export function addAt(document: StudioDocument, time: number, duration: number): StudioDocument {
  const start = clamp(Math.min(time, duration - 1), 0, duration);
  return add(document, { start, end: start + FRESH_S }, duration);
}

/** `I`: trims the selected segment when its end still lies ahead, else waits for the out point. */
export function setIn(document: StudioDocument, time: number): StudioDocument {
  const current = selectedOf(document);
  if (current && time < current.end - SHORTEST_S) return retime(document, current.id, { start: time }, Infinity);
  return { ...document, selected: null, mark: time };
}

/** `O`: closes a waiting in point or trims the selected segment. Null when there is nothing that could end here. */
export function setOut(document: StudioDocument, time: number, duration: number): StudioDocument | null {
  if (document.mark !== null) {
    return time > document.mark ? add(document, { start: document.mark, end: time }, duration) : null;
  }
  const current = selectedOf(document);
  if (!current || time <= current.start + SHORTEST_S) return null;
  return retime(document, current.id, { end: time }, duration);
}

/** Moves one or both ends; an end never passes the other, nor the source. */
export function retime(
  document: StudioDocument,
  id: string,
  ends: { start?: number; end?: number },
  duration: number,
): StudioDocument {
  return change(document, id, (segment) => {
    let { start, end } = segment;
    if (ends.start !== undefined) start = clamp(ends.start, 0, (ends.end ?? end) - SHORTEST_S);
    if (ends.end !== undefined) end = clamp(ends.end, start + SHORTEST_S, duration);
    return { ...segment, start, end };
  });
}

/** Moves a whole segment so that it begins at `start`, its length kept, inside the source. */
export function move(document: StudioDocument, id: string, start: number, duration: number): StudioDocument {
  return change(document, id, (segment) => {
    const length = segment.end - segment.start;
    const at = clamp(start, 0, duration - length);
    return { ...segment, start: at, end: at + length };
  });
}

export function rename(document: StudioDocument, id: string, name: string): StudioDocument {
  return change(document, id, (segment) => ({ ...segment, name }));
}

/** Removes a segment and selects its neighbour, so that Backspace can be pressed again. */
export function remove(document: StudioDocument, id: string): StudioDocument {
  const index = document.segments.findIndex((segment) => segment.id === id);
  if (index < 0) return document;
  const segments = document.segments.filter((segment) => segment.id !== id);
  const neighbour = segments[Math.min(index, segments.length - 1)]?.id ?? null;
  return { ...document, segments, selected: document.selected === id ? neighbour : document.selected };
}

export function removeAll(document: StudioDocument): StudioDocument {
  return { ...document, segments: [], selected: null, mark: null };
}

/** `B`: cuts the segment under the time in two and selects the later. Null where no segment is long enough there. */
export function split(document: StudioDocument, time: number, id = freshId()): StudioDocument | null {
  const inside = (segment: Segment) => time > segment.start + SHORTEST_S && time < segment.end - SHORTEST_S;
  const current = selectedOf(document);
  const target = current && inside(current) ? current : document.segments.find(inside);
  if (!target) return null;
  const head = { ...target, end: time };
  const tail = { ...target, id, start: time };
  const others = document.segments.filter((segment) => segment.id !== target.id);
  return sorted({ ...document, selected: id, mark: null }, [...others, head, tail]);
}

/** The segment that begins next after, or last before, the selected one; the nearest end when none is selected. */
export function neighbour(document: StudioDocument, by: 1 | -1): Segment | null {
  const { segments } = document;
  const index = segments.findIndex((segment) => segment.id === document.selected);
  if (index < 0) return (by > 0 ? segments[0] : segments.at(-1)) ?? null;
  return segments[index + by] ?? null;
}

export function setOutput(
  document: StudioDocument,
  output: { format?: string; quality?: string | null; captions?: string | null },
): StudioDocument {
  return { ...document, ...output };
}

/** A document read back from storage, or null if it is not one; a later field of ours never breaks an older page. */
export function revive(value: unknown, duration: number): StudioDocument | null {
  if (typeof value !== 'object' || value === null) return null;
  const { segments, format, quality, captions } = value as Record<string, unknown>;
  if (!Array.isArray(segments) || typeof format !== 'string') return null;
  let document = blank(format);
  for (const each of segments) {
    if (!isSegment(each)) return null;
    document = add(document, each, duration, each.id);
  }
  return {
    ...document,
    selected: null,
    quality: typeof quality === 'string' ? quality : null,
    captions: typeof captions === 'string' ? captions : null,
  };
}

function isSegment(value: unknown): value is Segment {
  if (typeof value !== 'object' || value === null) return false;
  const { id, start, end, name } = value as Record<string, unknown>;
  const times = [start, end];
  return typeof id === 'string' && typeof name === 'string' && times.every((time) => Number.isFinite(time));
}

function change(document: StudioDocument, id: string, next: (segment: Segment) => Segment): StudioDocument {
  const segments = document.segments.map((segment) => (segment.id === id ? next(segment) : segment));
  return sorted(document, segments);
}

function sorted(document: StudioDocument, segments: Segment[]): StudioDocument {
  return { ...document, segments: segments.toSorted((a, b) => a.start - b.start || a.end - b.end) };
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high));
}

function freshId(): string {
  return Math.random().toString(36).slice(2, 10);
}
