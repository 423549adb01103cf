// Texts of the transcript beside the picture, and of search over all of them.
import { formatLength } from '../time';

const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`;

const languages = new Intl.DisplayNames(['en'], { type: 'language' });
const OTHER_NAMES: Record<string, string> = { jw: 'Javanese', haw: 'Hawaiian', yue: 'Cantonese' };

export const transcript = {
  tab: 'Transcript',
  reading: 'Reading the transcript',
  failed: 'The transcript could not be read',
  retry: 'Try again',

  none: 'Write down what is said',
  noneHint: 'Then click a word to go there, mark a passage to cut it, and search all you recorded.',
  noSound: 'This recording has no sound',
  noSoundHint: 'There is nothing to write down. You can still cut it.',
  noSpeech: 'No speech was found',
  noSpeechHint: 'Nobody seems to speak in this recording. If somebody does, another model may hear more.',
  broken: 'Stopped.',
  brokenHint: (length: string) => `It was heard up to ${length}, and that is kept. The rest goes on from there.`,
  canceled: 'Canceled. Nothing was charged.',

  write: (price: string) => `Write it down · ${price}`,
  goOn: (price: string) => `Go on · ${price}`,
  covered: 'covered',
  balance: (amount: string) => `balance ${amount}`,
  madeOf: (minutes: number) => `A recording of up to ${plural(minutes, 'minute')}`,
  tooExpensive: (price: string, amount: string) => `This costs ${price}; the balance is ${amount}`,
  tooLong: 'This recording is too long to be written down.',
  onThisMachine: 'Everything stays on this machine.',

  engine: 'Heard by',
  from: 'Words from',
  engines: { pocketsphinx: 'Built-in recogniser', 'faster-whisper': 'Whisper', upload: 'a subtitle file' } as Record<
    string,
    string
  >,
  whisper: (model: string) => `Whisper ${model}`,
  best: (model: string) => `${model} (best here)`,
  basic: 'Basic',
  model: 'Model',
  language: 'Language',
  anyLanguage: 'As it is heard',
  languageName: (code: string) => OTHER_NAMES[code] ?? languages.of(code) ?? code,

  better: (name: string, size: string) => `Fetch Whisper ${name} · ${size}`,
  betterAgain: (name: string, price: string) => `Write again with ${name} · ${price}`,
  fetching: (name: string) => `Fetching Whisper ${name}`,
  stopFetching: 'Stop fetching',
  models: 'All models',
  askOwner: 'The owner of this FastClip can add a better model.',

  hearing: 'Writing it down',
  waiting: 'Waiting to start',
  heard: (covered: number, all: number) => `${formatLength(covered)} of ${formatLength(all)}`,
  cancel: 'Cancel',
  soon: 'The first words come in a moment.',

  words: 'Words of the recording',
  goTo: (time: string) => `Go to ${time}`,
  correct: 'Correct',
  correctHint: 'Double-click a word or press F2 to correct it',
  notYet: 'Words can be corrected once all is written down.',
  wordField: (word: string) => `Write “${word}” as`,
  selected: (count: number, length: string) => `${plural(count, 'word')} · ${length}`,
  touchHold: 'Hold a word to mark a passage.',
  touchOn: 'Tap another word to mark up to there.',
  setIn: 'In',
  setInHint: 'Begin the segment with these words',
  setOut: 'Out',
  setOutHint: 'End the segment with these words',
  addSegment: 'Add segment',
  clear: 'Clear the selection',
  toPlayhead: 'Back to the playhead',
  undo: 'Undo the last correction',

  search: 'Search this transcript',
  clearSearch: 'Clear the search',
  previous: 'Previous place',
  next: 'Next place',
  places: (at: number, of: number) => (of ? `${at} of ${of.toLocaleString('en')}` : 'Not found'),

  more: 'Download, replace',
  downloads: { srt: 'Subtitles (SRT)', vtt: 'Subtitles (WebVTT)', txt: 'Text', json: 'Words with times (JSON)' },
  again: 'Write it down again',
  againHint: 'The words that are here stay until the new ones are complete, then they go, corrections too.',
  againSame: (model: string) => `These words are from ${model}. Choose another model or language.`,
  againNeedsModel: 'Other words need a Whisper model on this machine.',
  upload: 'Replace by a subtitle file',
  replaceTitle: 'Replace the words?',
  replaceHint: (count: number, name: string) =>
    `${plural(count, 'word')} that are here now go, and those of ${name} take their place. This cannot be undone; download them first if you may want them back.`,
  replace: 'Replace',
  keep: 'Keep them',
  replaced: (count: number) => `${plural(count, 'word')} taken from the file.`,

  said: 'Said in recordings',
  sourceGone: 'The recording has expired; clips of it remain',
  searchFailed: 'The transcripts could not be searched',
  moreMoments: 'Show more',
};
