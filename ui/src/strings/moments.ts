// Texts of the studio's AI tab: moments that are found, clips that are made of them, and the tightening of a recording.
import { formatLength } from '../time';

const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

const engines: Record<string, string> = {
  embeddings: 'Found by meaning and words',
  bm25: 'Found by words',
  audio: 'Found by the sound',
  'llama.cpp': 'ordered with a language model',
};

export const moments = {
  tab: 'AI',
  what: 'What to do',
  find: 'Find',
  make: 'Make clips',
  tighten: 'Tighten',

  query: 'What are you looking for?',
  placeholder: 'A topic, a question, or nothing for the highlights',
  examples: 'Examples',
  exampleList: ['best moments', 'funny moments', 'three 30-second clips about pricing'],
  readsAll: 'Read everything with the language model (slower)',

  findNow: (cost: string) => `Find moments · ${cost}`,
  makeNow: (cost: string) => `Make clips · ${cost}`,
  makeNowUpTo: (cost: string) => `Make clips · up to ${cost}`,
  madeOf: {
    find: (minutes: number) => `a search in up to ${minutes} min of recording`,
    make: (minutes: number) => `clips from up to ${minutes} min of recording`,
    captions: (minutes: number, cents: string) => `captions for up to ${plural(minutes, 'minute')} at ${cents}`,
  },
  returned: 'What is not used comes back',
  again: 'The same search again costs nothing',
  tooLong: (limit: number, length: number) => `A search has ${limit} characters at most (this has ${length})`,

  noSound: 'This recording has no sound',
  noSoundHint: 'Moments are found in what is said and heard.',
  start: 'Find the best parts',
  startHint: 'FastClip listens on this machine, and shows the parts that fit with how sure it is.',
  failed: 'The search did not work',
  canceled: 'You stopped this search. Nothing was charged.',
  nothing: 'Nothing fits',
  nothingHint: 'Nobody seems to speak about that here. Try other words, or leave the line empty for highlights.',
  waiting: 'Waiting for its turn',
  cancel: 'Stop the search',
  found: (count: number) => plural(count, 'moment'),
  results: 'Moments',
  for: (query: string) => `for “${query}”`,
  highlights: 'highlights',
  engine: (engine: string) =>
    engine
      .split('+')
      .map((part) => engines[part] ?? part)
      .join(', '),

  sure: (confidence: number): string => {
    if (confidence >= 0.7) return 'Very likely';
    if (confidence >= 0.45) return 'Likely';
    return confidence >= 0.25 ? 'Possible' : 'Unsure';
  },
  percent: (confidence: number) => `${Math.round(confidence * 100)} %`,
  why: 'Why this one',
  play: (name: string) => `Play ${name}`,
  hide: (name: string) => `Close ${name}`,
  add: 'Add as segment',
  added: 'Added',
  addAll: 'Add all as segments',
  adjust: 'Adjust',
  dismiss: (name: string) => `Not this one: ${name}`,
  dismissed: 'Taken off the list',
  undo: 'Undo',

  makeStart: 'From a search to finished clips',
  makeHint: 'FastClip finds the moments and renders each of them: five from half an hour, or as many as you name.',
  making: (query: string) => `Clips for “${query}”`,
  made: (done: number, all: number) => `${done} of ${plural(all, 'clip')}`,
  makeNothing: 'No moment fits, so nothing was made and nothing was charged.',
  clipStates: {
    pending: 'Waiting',
    processing: 'Being made',
    complete: 'Ready',
    failed: 'Failed',
    canceled: 'Not made',
  } as Record<string, string>,
  download: (name: string) => `Download ${name}`,
  stop: 'Stop making clips',
  stopped: 'You stopped this. Clips that were ready stay in the library.',

  looking: 'Look for pauses, fillers and repeats',
  tightenStart: 'Take out what nobody needs',
  tightenHint: 'Long pauses, fillers like “um” and words said twice. You decide about each; proposals cost nothing.',
  tightenFailed: 'The recording could not be tightened',
  nothingToTighten: 'There is nothing to take out',
  nothingToTightenHint: 'No long pauses, no fillers and no repeats were found.',
  kinds: { silence: 'Pause', filler: 'Filler', repeat: 'Repeat' } as Record<string, string>,
  saves: (seconds: number) => `saves ${formatLength(seconds)}`,
  saved: (seconds: number, length: number) => `${formatLength(seconds)} shorter: ${formatLength(length)}`,
  proposals: 'Proposals',
  takeOut: (kind: string, at: string) => `Take out: ${kind} at ${at}`,
  preview: 'Play without them',
  stopPreview: 'Stop',
  apply: (count: number) => `Mark ${plural(count, 'segment')}`,
  applied: 'The segments are in the list. Undo brings back what was there.',
  exportMerged: (cost: string) => `Export as one clip · ${cost}`,
  tooMany: (limit: number, count: number) =>
    `${count} pieces remain, ${limit} at most can be cut at once. Take fewer out.`,
} as const;
