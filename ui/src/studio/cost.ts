// What a cut costs and why something cannot be cut, from the server's rules: the same sums the server will do.
import type { Account, Preview, Rules, Upload } from '../api/types';
import { captionPrice } from '../captions/price';
import { formatCents } from '../money';
import type { Segment, StudioDocument } from './document';
import { text } from '../strings';

/** What of a source decides its formats, qualities and price. */
export interface Source {
  kind: 'video' | 'audio';
  width: number;
  height: number;
  hasSound: boolean;
  duration: number;
}

/** One entry of a list to choose from; with a reason it is shown and cannot be chosen. */
export interface Choice<Value> {
  value: Value;
  label: string;
  reason: string | null;
}

export interface Price {
  cents: number;
  /** What the sum is made of. */
  lines: { label: string; cents: number }[];
}

/** A sum of decimal times may pass a limit by this much and mean the limit. */
const SLACK_S = 1e-6;
const UNPAID_PX = 1080;
const ULTRA = { short: 2160, long: 3840 };

export function sourceOf(preview: Preview, upload: Upload): Source {
  const { media_kind: kind, width, height, duration } = preview;
  return { kind, width, height, duration, hasSound: upload.has_audio !== false };
}

export function isUltraHd({ width, height }: Source): boolean {
  return Math.min(width, height) >= ULTRA.short && Math.max(width, height) >= ULTRA.long;
}

export function mayUseUltraHd(account: Account): boolean {
  return account.is_covered || account.has_paid_deposit;
}

/** The format a fresh document begins with. */
export function firstFormat(rules: Rules, kind: Source['kind']): string {
  return rules.formats[kind].session[0]!;
}

/** Every format of any source, those that do not fit this one with their reason. */
export function formatChoices(rules: Rules, source: Source, segments: readonly Segment[]): Choice<string>[] {
  const all = new Set([...rules.formats.video.session, ...rules.formats.audio.session]);
  return [...all].map((value) => ({
    value,
    label: text.studio.formats[value] ?? value.toUpperCase(),
    reason: formatRefusal(rules, source, segments, value),
  }));
}

/** The qualities of one format. Null is "as the source"; a name that only repeats another is left out. */
export function qualityChoices(
  rules: Rules,
  source: Source,
  account: Account,
  format: string,
): Choice<string | null>[] {
  const names = Object.values(rules.qualities).flat().filter(isSize);
  const asSource = { value: null, label: sourceQuality(source, account, format), reason: null };
  const sized = [...new Set(names)].map((value) => ({
    value,
    label: value === '4k' ? '4K' : value,
    reason: qualityRefusal(rules, source, account, format, value),
  }));
  return [asSource, ...sized];
}

/** Why the whole list has no meaning for this format, or null. */
export function qualityRefusalForFormat(rules: Rules, format: string): string | null {
  return rules.qualities[format] ? null : text.studio.refusals.qualityOfSound;
}

export function formatRefusal(
  rules: Rules,
  source: Source,
  segments: readonly Segment[],
  format: string,
): string | null {
  const name = format.toUpperCase();
  if (!rules.formats[source.kind].session.includes(format)) return text.studio.refusals.needsPicture(name);
  if (isSound(rules, format) && !source.hasSound) return text.studio.refusals.noSound;
  if (format !== 'gif') return null;
  const longest = Math.max(0, ...segments.map(lengthOf));
  return longest > rules.limits.max_gif_s + SLACK_S
    ? text.studio.refusals.gifTooLong(rules.limits.max_gif_s, longest)
    : null;
}

export function qualityRefusal(
  rules: Rules,
  source: Source,
  account: Account,
  format: string,
  quality: string,
): string | null {
  const allowed = rules.qualities[format];
  if (!allowed) return text.studio.refusals.qualityOfSound;
  if (!allowed.includes(quality))
    return text.studio.refusals.qualityOfFormat(format.toUpperCase(), text.studio.quality(quality));
  if (heightOf(quality) > shortEdge(source)) return text.studio.refusals.sourceIsSmaller(shortEdge(source));
  if (quality === '4k' && !mayUseUltraHd(account)) return text.studio.refusals.needsDeposit;
  return null;
}

/** What is wrong with one segment, or null. */
export function segmentRefusal(rules: Rules, format: string, segment: Segment): string | null {
  const length = lengthOf(segment);
  const { max_segment_s, max_gif_s } = rules.limits;
  if (length > max_segment_s + SLACK_S) return text.studio.refusals.segmentTooLong(max_segment_s, length);
  if (format === 'gif' && length > max_gif_s + SLACK_S) return text.studio.refusals.gifTooLong(max_gif_s, length);
  return null;
}

/** Why `Cut` cannot be pressed, or null. `balance` in dollars; a covered account has no need of one. */
export function cutRefusal(
  rules: Rules,
  source: Source,
  account: Account,
  document: StudioDocument,
  balance: number,
): string | null {
  const { segments, format } = document;
  if (segments.length === 0) return text.studio.refusals.noSegments;
  if (segments.length > rules.limits.max_segments) {
    return text.studio.refusals.tooManySegments(rules.limits.max_segments, segments.length);
  }
  const wrongFormat = formatRefusal(rules, source, [], format);
  if (wrongFormat) return wrongFormat;
  for (const [index, segment] of segments.entries()) {
    const reason = segmentRefusal(rules, format, segment);
    if (reason) return text.studio.refusals.ofSegment(index + 1, reason);
  }
  const { cents } = priceOf(rules, source, account, document);
  if (!account.is_covered && cents > Math.round(balance * 100)) return text.studio.refusals.balance(cents, balance);
  return null;
}

/** The quality to ask the server for: one that does not fit the format or source any more falls back to the source's. */
export function qualityToAsk(
  rules: Rules,
  source: Source,
  account: Account,
  { format, quality }: Pick<StudioDocument, 'format' | 'quality'>,
): string | null {
  if (quality === null || qualityRefusal(rules, source, account, format, quality)) return null;
  return quality;
}

/** Whether clips come out with the source's own picture: only such clips can be copied. */
export function keepsThePicture(rules: Rules, source: Source, account: Account, document: StudioDocument): boolean {
  if (document.format !== 'mp4') return false;
  const quality = qualityToAsk(rules, source, account, document);
  if (quality === null) return mayUseUltraHd(account) || shortEdge(source) <= UNPAID_PX;
  return heightOf(quality) >= shortEdge(source);
}

export function priceOf(rules: Rules, source: Source, account: Account, document: StudioDocument): Price {
  const count = document.segments.length;
  const { trim_cents, trim_4k_surcharge_cents } = rules.prices;
  const lines = [{ label: text.studio.price.segments(count, trim_cents), cents: count * trim_cents }];
  if (comesOutUltraHd(rules, source, account, document)) {
    lines.push({
      label: text.studio.price.ultraHd(count, trim_4k_surcharge_cents),
      cents: count * trim_4k_surcharge_cents,
    });
  }
  if (captionsToAsk(source, document)) lines.push(captionLine(rules, source, account, document));
  return { cents: lines.reduce((sum, line) => sum + line.cents, 0), lines };
}

/** Why captions cannot be drawn into the clips, or null. */
export function captionsRefusal(source: Source, format: string): string | null {
  if (source.kind === 'audio') return text.captions.studio.needsPicture;
  if (format !== 'mp4') return text.captions.studio.needsMp4;
  return source.hasSound ? null : text.captions.studio.needsSound;
}

/** The captions to ask the server for; those that do not fit the format or the source are left out. */
export function captionsToAsk(
  source: Source,
  { format, captions }: Pick<StudioDocument, 'format' | 'captions'>,
): string | null {
  return captions !== null && captionsRefusal(source, format) === null ? captions : null;
}

/** Each clip is counted by its own started minutes. */
function captionLine(rules: Rules, source: Source, account: Account, document: StudioDocument): Price['lines'][number] {
  const is4k = comesOutUltraHd(rules, source, account, document);
  const prices = document.segments.map((segment) => captionPrice(rules, lengthOf(segment), is4k));
  const minutes = prices.reduce((sum, price) => sum + price.minutes, 0);
  const cents = prices.reduce((sum, price) => sum + price.cents, 0);
  return { label: text.captions.studio.price(minutes, formatCents(minutes ? cents / minutes : 0)), cents };
}

export const lengthOf = (segment: { start: number; end: number }): number => segment.end - segment.start;

function comesOutUltraHd(rules: Rules, source: Source, account: Account, document: StudioDocument): boolean {
  if (!isUltraHd(source) || !rules.qualities[document.format]?.includes('4k')) return false;
  const quality = qualityToAsk(rules, source, account, document);
  return quality === '4k' || (quality === null && mayUseUltraHd(account));
}

/** A format without qualities is one of sound. */
function isSound(rules: Rules, format: string): boolean {
  return rules.qualities[format] === undefined;
}

function sourceQuality(source: Source, account: Account, format: string): string {
  if (source.kind === 'audio') return text.studio.asSource;
  const isCapped = isUltraHd(source) && (format === 'gif' || !mayUseUltraHd(account));
  return text.studio.sameAsSource(isCapped ? UNPAID_PX : shortEdge(source));
}

const shortEdge = ({ width, height }: Source): number => Math.min(width, height);

/** `1080p`, `4k`; not the aliases `high` and `medium`. */
const isSize = (quality: string): boolean => /^\d+[pk]$/.test(quality);

function heightOf(quality: string): number {
  return quality === '4k' ? ULTRA.short : Number.parseInt(quality, 10);
}
