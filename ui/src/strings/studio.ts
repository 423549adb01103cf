// Texts of the Clip Studio.
import { formatCents, formatDollars } from '../money';
import { formatLength } from '../time';

const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** A limit as people say it: `30 s`, `10 minutes`. */
const limit = (seconds: number): string =>
  seconds % 60 === 0 && seconds >= 60 ? plural(seconds / 60, 'minute') : `${seconds} s`;

/** A length beside a limit: `48 s`, `12:05`. */
const length = (seconds: number): string => (seconds < 60 ? `${Math.ceil(seconds)} s` : formatLength(seconds));

const formats: Record<string, string> = {
  mp4: 'MP4 video',
  gif: 'GIF animation',
  mp3: 'MP3 sound',
  wav: 'WAV sound',
  m4a: 'M4A sound',
  flac: 'FLAC sound',
};

const quality = (name: string): string => (name === '4k' ? '4K' : name);

export const studio = {
  formats,
  quality,
  asSource: 'As the source',
  sameAsSource: (height: number) => `As the source (${height >= 2160 ? '4K' : `${height}p`})`,

  price: {
    segments: (count: number, each: number) => `${plural(count, 'segment')} × ${formatCents(each)}`,
    ultraHd: (count: number, each: number) => `4K, ${plural(count, 'segment')} × ${formatCents(each)}`,
  },

  refusals: {
    needsPicture: (format: string) => `${format} needs a picture; this is sound only`,
    noSound: 'This recording has no sound',
    gifTooLong: (most: number, is: number) => `GIF is limited to ${limit(most)} (this is ${length(is)})`,
    qualityOfSound: 'Quality does not apply to sound',
    qualityOfFormat: (format: string, name: string) => `${format} does not come in ${name}`,
    sourceIsSmaller: (height: number) => `The source is ${height}p`,
    needsDeposit: '4K opens with a first paid deposit',
    segmentTooLong: (most: number, is: number) => `The limit is ${limit(most)} a segment (this is ${length(is)})`,
    ofSegment: (number: number, reason: string) => `Segment ${number}: ${reason}`,
    noSegments: 'Set an in point and an out point first',
    tooManySegments: (most: number, are: number) => `At most ${most} segments at once (these are ${are})`,
    balance: (cents: number, balance: number) =>
      `This costs ${formatCents(cents)}; the balance is ${formatDollars(balance)}`,
  },
};
