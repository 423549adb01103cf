// Whether this browser can show a recording as it is. The word of `canPlayType` is half of it; the picture is the proof.

/** Containers in which a browser that knows a codec will usually play it, whatever name the recording's own has. */
const USUAL = ['video/mp4', 'video/webm', 'audio/mp4'];

type Ask = (type: string) => string;

/** False when the browser itself says that it cannot; true means: try. */
export function mayPlay(ask: Ask, contentType: string, codecs: string): boolean {
  if (!codecs) return contentType === '' || ask(contentType) !== '' || !/^(video|audio)\/(mp4|webm)$/.test(contentType);
  return [contentType, ...USUAL].some((type) => type !== '' && ask(`${type}; codecs="${codecs}"`) !== '');
}

/** What the codecs of a recording are called by people: `HEVC`, `ProRes`. */
export function codecName(codecs: string): string | null {
  const first = codecs.split(',')[0]?.trim().split('.')[0]?.toLowerCase() ?? '';
  return NAMES[first] ?? (first ? first.toUpperCase() : null);
}

const NAMES: Record<string, string> = {
  avc1: 'H.264',
  avc3: 'H.264',
  hvc1: 'HEVC',
  hev1: 'HEVC',
  av01: 'AV1',
  vp09: 'VP9',
  vp9: 'VP9',
  vp8: 'VP8',
  mp4a: 'AAC',
  mp4v: 'MPEG-4',
  apch: 'ProRes',
  apcn: 'ProRes',
};
