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
  asSource: 'Source',
  sameAsSource: (height: number) => `Source (${height >= 2160 ? '4K' : `${height}p`})`,

  back: 'Choose another recording',

  start: {
    title: 'Drop a recording, or try the sample',
    hint: (bytes: string, length: string) =>
      `Video or sound, up to ${bytes} and ${length.replace(/:00:00$/, '')} hours`,
    choose: 'Choose a file',
    sample: 'Try the sample',
  },

  loading: {
    opening: 'Opening the recording',
    checking: (name: string) => `Looking at ${name}`,
    failed: 'This recording cannot be opened',
    other: 'Choose another recording',
  },

  facts: {
    rate: (fps: number, isVariable: boolean) => `${fps} fps${isVariable ? ', variable' : ''}`,
  },

  player: {
    waiting: 'Waiting for the picture',
    cannotPlay: (codec: string) => `This browser cannot play ${codec}`,
    cannotPlayIt: 'This browser cannot play this recording',
    copying: 'FastClip makes a small copy to watch. The cut is made from the recording itself.',
    copyProgress: 'Making a copy to watch',
    copy: 'Copy for viewing',
    copyHint:
      'What you see is a small copy, because this browser cannot play the recording. The cut is made from the recording itself.',
    copyFailed: 'The copy for viewing could not be made',
    copyFailedHint: 'You can still set times by number and cut; only the picture is missing.',
    lost: 'The recording stopped coming. Try again in a moment.',
  },

  transport: {
    title: 'Playback',
    play: 'Play',
    pause: 'Pause',
    back: 'One frame back',
    forward: 'One frame forward',
    time: 'Time of the playhead',
    speed: (speed: number) => `Speed: ${speed}×`,
    mute: 'Mute',
    unmute: 'Unmute',
    volume: 'Volume',
    fullscreen: 'Full screen',
    leaveFullscreen: 'Leave full screen',
  },

  time: {
    hint: 'Type a time: 7.3, 1:02 or 0:12:07.480',
    wrong: (end: string) => `Not a time of this recording. It ends at ${end}.`,
  },

  tools: {
    title: 'Editing',
    in: 'In',
    inHint: 'Begin the segment with this frame',
    out: 'Out',
    outHint: 'End the segment with this frame',
    split: 'Split at the playhead',
    add: 'Add a segment at the playhead',
    undo: 'Undo',
    redo: 'Redo',
    snapping: 'Snapping is on. Hold Alt to drag freely.',
    notSnapping: 'Snapping is off. Hold Alt to snap.',
    zoom: 'Zoom of the timeline',
    zoomIn: 'Zoom in',
    zoomOut: 'Zoom out',
    fit: 'Show the whole recording',
  },

  timeline: {
    title: 'Timeline',
    overview: 'The whole recording; drag to scroll',
    preparing: (percent: number) => `Drawing the sound and the pictures, ${Math.round(percent)} %`,
    long: (seconds: number) => (seconds < 60 ? `${seconds.toFixed(2)} s` : formatLength(seconds)),
  },

  panel: {
    title: 'Beside the picture',
    trim: 'Trim',
    clips: 'Clips',
  },

  segments: {
    title: 'Segments',
    unnamed: (number: number) => `Segment ${number}`,
    nameOf: (name: string) => `Name of ${name}`,
    choose: (name: string) => `Go to ${name}`,
    start: (name: string) => `In point of ${name}`,
    end: (name: string) => `Out point of ${name}`,
    edges: {
      start: (name: string) => `Left edge of ${name}`,
      end: (name: string) => `Right edge of ${name}`,
    },
    play: (name: string) => `Play ${name}`,
    remove: (name: string) => `Remove ${name}`,
    frames: (count: number) => plural(count, 'frame'),
    measure: (time: string, frames: number) => `${time} · ${plural(frames, 'frame')}`,
    empty: 'Mark what to keep',
    emptyIn: 'where it begins',
    emptyOut: 'where it ends',
    emptyCut: 'to cut it out',
    instant: 'Starts on a keyframe: instant, lossless',
    instantAt: (frames: number, isLater: boolean) =>
      `Start ${plural(frames, 'frame')} ${isLater ? 'later' : 'earlier'}: instant, lossless`,
    instantWhy: 'Moves the in point to the nearest keyframe, where the copy can begin',
    noIn: 'Set an in point first, before this place.',
    noSplit: 'There is no segment at the playhead to split.',
  },

  output: {
    format: 'Format',
    quality: 'Quality',
  },

  cutting: {
    cut: (count: number, price: string) => `Cut ${plural(count, 'segment')} · ${price}`,
    cutNothing: 'Cut',
    covered: 'covered',
    balance: (amount: string) => `balance ${amount}`,
    partial: (why: string) => `Not every segment was taken. ${why}`,
    clip: 'Clip',
    waiting: 'Waiting to start',
    cancel: (name: string) => `Cancel ${name}`,
    canceled: 'Canceled',
    canceledHint: 'Canceled. Nothing was charged.',
    failed: 'Failed',
    done: 'Done',
    again: 'Cut again',
    download: 'Download',
    library: 'Show in library',
    none: 'No clips of this recording yet',
    noneHint: 'What you cut shows here while it is made.',
  },

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
