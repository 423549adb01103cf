// Texts of the Caption Studio and of captions in the Clip Studio.
import type { Choice, GroupName, Unit } from '../captions/style';
import type { Zone } from '../captions/place';
import type { StyleColor, StyleNumber, StyleSwitch } from '../api/types';

const numbers: Record<StyleNumber, string> = {
  font_size: 'Size',
  letter_spacing: 'Letter spacing',
  line_height: 'Line height',
  max_lines: 'Lines at most',
  max_width: 'Width at most',
  words_per_caption: 'Words at once',
  stroke_width: 'Stroke width',
  shadow_opacity: 'Shadow opacity',
  shadow_x: 'Shadow to the right',
  shadow_y: 'Shadow downward',
  shadow_blur: 'Shadow blur',
  highlight_scale: 'Size of the spoken word',
  inactive_opacity: 'Opacity before it is spoken',
  box_opacity: 'Box opacity',
  box_radius: 'Box corners',
  box_padding: 'Box padding',
  glow_size: 'Glow size',
  animation_ms: 'Animation time',
  position_x: 'Across',
  position_y: 'Down',
  linger_ms: 'Stays after the last word',
  hold_gap_ms: 'Stays through gaps of',
};
const switches: Record<StyleSwitch, string> = {
  stroke_enabled: 'Stroke',
  shadow_enabled: 'Shadow',
  highlight_mode: 'Highlight the spoken word',
};
const colors: Record<StyleColor, string> = {
  text_color: 'Text colour',
  stroke_color: 'Stroke colour',
  shadow_color: 'Shadow colour',
  highlight_color: 'Highlight colour',
  box_color: 'Box colour',
};
const choices: Record<Choice, string> = { text_transform: 'Letters', effect: 'Effect', animation: 'Animation' };
const groups: Record<GroupName, string> = {
  text: 'Text',
  stroke: 'Stroke and shadow',
  highlight: 'Highlight',
  box: 'Box',
  motion: 'Motion',
  place: 'Place',
};
const units: Record<Unit, string> = { px: 'px', percent: '%', ms: 'ms', times: '×', count: '' };
const zones: Record<Zone, string> = { tiktok: 'TikTok', reels: 'Reels', shorts: 'Shorts', title: 'Title-safe' };
const options: Record<string, string> = {
  none: 'None',
  upper: 'UPPER CASE',
  lower: 'lower case',
  'highlight-box': 'Box behind the caption',
  'line-box': 'Box behind each line',
  'word-box': 'Pill behind the spoken word',
  'news-ticker': 'Band across the picture',
  glow: 'Glow',
  sweep: 'Sweep of colour',
  typewriter: 'Typewriter',
  pop: 'Pop',
  fade: 'Fade',
  impact: 'Impact',
  'slide-up': 'Slide up',
};

export const captions = {
  title: 'Captions',
  thumbnail: 'Make every word count',
  changed: 'Changed',
  failed: 'The caption styles could not be read',

  styles: {
    title: 'Styles',
    builtin: 'Built in',
    own: 'Yours',
    none: 'None yet. Change a style and save it, or duplicate one.',
    duplicate: 'Duplicate',
    copyOf: (name: string) => `${name} copy`,
    duplicated: (name: string) => `Made “${name}”`,
    remove: 'Delete',
    removed: (name: string) => `Deleted “${name}”`,
    removeFailed: (why: string) => `Not deleted. ${why}`,
    rename: 'Name',
  },

  save: {
    act: 'Save',
    asNew: 'Save as new',
    saved: (name: string) => `Saved “${name}”`,
    title: 'Save as a new style',
    name: 'Name of the style',
    hint: 'Built-in styles stay as they are. Yours gets a name of its own.',
    copyRef: 'Copy preset_ref',
    unsavedRef: 'Save first: the reference names the style as it was saved.',
    undo: 'Undo',
    redo: 'Redo',
  },

  fields: {
    title: 'Style',
    numbers,
    switches,
    colors,
    choices,
    groups,
    units,
    options,
    font: 'Font',
    asHighlight: 'As highlight',
    ownColor: 'Own colour',
    wordsHint: (fewest: number, most: number) => `${fewest} to ${most} while the spoken word is highlighted`,
    wrongNumber: (low: string, high: string) => `${low} to ${high}`,
    wrongColor: 'Write it as #rrggbb',
    refused: 'The style could not be drawn',
  },

  fonts: {
    upload: 'Upload a font',
    hint: 'TTF or OTF, up to 10 MB',
    uploaded: (name: string) => `${name} is ready`,
    checking: 'Checking the font',
    remove: (name: string) => `Delete the font ${name}`,
    removed: (name: string) => `Deleted the font ${name}`,
    tooLarge: (name: string, mb: number, most: number) => `${name} has ${mb} MB; a font may have ${most} MB.`,
    kind: (name: string) => `${name} is neither .ttf nor .otf.`,
    yours: (name: string) => `${name} (yours)`,
  },

  stage: {
    title: 'Picture',
    ratio: 'Shape of the picture',
    zone: 'Safe zone',
    noZone: 'No zone',
    zones,
    zoneRefused: 'Only on a tall picture',
    covered: (name: string) => `Covered by ${name}`,
    block: (x: number, y: number) => `Caption block, ${x} % across, ${y} % down. Drag it, or use the arrow keys.`,
    measure: (x: number, y: number) => `${x} % · ${y} %`,
    play: 'Play',
    pause: 'Pause',
    time: 'Time of the sample',
    server: 'Drawn by the server, frame by frame: this browser does not run WebAssembly here.',
    still: 'This browser cannot play the picture, so the captions run over a still one.',
    serverPlay: 'The server draws single frames; move the slider to see another.',
    drawing: 'Drawing',
    failed: 'The picture could not be drawn',
    scene: 'Ground',
    scenes: { dark: 'Dark', light: 'Light', scene: 'Scene' },
  },

  sample: {
    title: 'Sample',
    text: 'This is the moment when everything changed. Say it, and make every word count!',
    own: 'Your own text',
    textLabel: 'Text to try the style on',
    clips: 'Your clips and recordings',
    none: 'No video to try it on yet. Cut a clip in the studio first.',
    failed: 'Your clips could not be read',
    backToText: 'Text sample',
    reading: 'Reading the words',
    unheard: 'Nobody has heard the words of this video yet; the text sample stands in for them. They are heard when you add the captions.',
  },

  words: {
    title: 'Words',
    hint: 'Press a word to correct it. It keeps its times.',
    edit: (word: string) => `Correct “${word}”`,
    failed: (why: string) => `Not changed. ${why}`,
    go: (time: string) => `Go to ${time}`,
  },

  findings: {
    title: 'Before you burn them',
    none: 'Nothing to mend: every caption can be read.',
    count: (n: number) => (n === 1 ? '1 thing to mend' : `${n} things to mend`),
    show: 'Show',
    fixes: {
      reading_speed: 'Show more words at once',
      time_on_screen: 'Let them stay longer',
      line_count: 'Two lines at most',
      contrast: 'Set it off',
      safe_zone: 'Lift the captions',
    } as Record<string, string>,
    fix: 'Mend',
    correct: 'Correct the word',
  },

  burn: {
    act: (price: string) => `Add captions · ${price}`,
    hint: (length: string, who: string) => `A new MP4 of ${length}; the original stays · ${who}`,
    madeOf: (minutes: number, each: string) =>
      `${minutes === 1 ? '1 started minute' : `${minutes} started minutes`} × ${each}`,
    unsaved: 'Save the style first: captions are drawn in a saved style.',
    started: 'Drawing the captions. Work goes on when you leave.',
    captioned: 'This clip has captions already.',
    needsMp4: (format: string) => `Captions need MP4; this is ${format.toUpperCase()}.`,
  },

  studio: {
    tab: 'Captions',
    add: 'Captions',
    none: 'No captions',
    style: 'Caption style',
    lead: 'Words are drawn into the clips, in the same encode that cuts them.',
    needsMp4: 'Captions need MP4',
    needsPicture: 'Captions need a picture',
    needsSound: 'This recording has no sound, so there are no words to show',
    editStyles: 'Open Caption Studio',
    unheard: 'The words are not heard yet',
    unheardHint: 'They are heard when you cut. Hear them now to see the captions first and to correct words.',
    hear: (price: string) => `Hear the words · ${price}`,
    hearing: 'Hearing the words',
    byServer: 'Captions drawn by the server: this browser does not run WebAssembly here.',
    paused: 'This browser does not run WebAssembly here: pause to see the captions.',
    noSegment: 'Set an in point and an out point to see the captions of a segment.',
    ofSegment: (name: string) => `Captions of ${name}`,
    price: (minutes: number, each: string) =>
      `captions, ${minutes === 1 ? '1 started minute' : `${minutes} started minutes`} × ${each}`,
  },
};
