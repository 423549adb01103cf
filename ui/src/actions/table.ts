// Every action that has a name: the key sheet, the command palette, the menus and the tooltips all read this table.
// A room gives an action its `run` with actions.bind() while it is on the page.

/** `anywhere` actions also run while typing or while a dialog is open. */
export interface ActionEntry {
  name: string;
  group: ActionGroup;
  /** Keys as tinykeys writes them; `$mod` is Cmd on a Mac and Ctrl elsewhere. The first one is shown. */
  keys: readonly string[];
  anywhere?: boolean;
  /** Left out of the palette where a list of commands would make no sense of it, such as one frame back. */
  keysOnly?: boolean;
}

export const GROUPS = ['General', 'Go to', 'Playback', 'Segments', 'Captions', 'Library'] as const;
export type ActionGroup = (typeof GROUPS)[number];

export const TABLE = {
  'shell.palette': { name: 'Search and commands', group: 'General', keys: ['$mod+k'], anywhere: true, keysOnly: true },
  'shell.keys': { name: 'Show all keys', group: 'General', keys: ['Shift+?'] },
  'shell.jobs': { name: 'Show jobs', group: 'General', keys: ['Shift+J'] },
  'shell.theme': { name: 'Switch between light and dark', group: 'General', keys: [] },
  'shell.sign-out': { name: 'Sign out', group: 'General', keys: [] },

  'go.studio': { name: 'Go to the studio', group: 'Go to', keys: ['g s'] },
  'go.captions': { name: 'Go to the Caption Studio', group: 'Go to', keys: ['g c'] },
  'go.library': { name: 'Go to the library', group: 'Go to', keys: ['g l'] },
  'go.account': { name: 'Go to your account', group: 'Go to', keys: ['g a'] },
  'go.billing': { name: 'Go to billing', group: 'Go to', keys: ['g b'] },
  'go.usage': { name: 'Go to usage', group: 'Go to', keys: ['g u'] },
  'go.storage': { name: 'Go to storage', group: 'Go to', keys: [] },
  'go.keys': { name: 'Go to API keys', group: 'Go to', keys: ['g k'] },
  'go.webhooks': { name: 'Go to webhooks', group: 'Go to', keys: [] },
  'go.support': { name: 'Write to support', group: 'Go to', keys: [] },
  'go.owner': { name: 'Go to the owner’s desk', group: 'Go to', keys: ['g o'] },
  'go.appearance': { name: 'Go to appearance', group: 'Go to', keys: [] },

  'studio.open': { name: 'Open a recording', group: 'Segments', keys: ['$mod+o'] },
  'studio.play': { name: 'Play or pause', group: 'Playback', keys: ['Space'], keysOnly: true },
  'studio.slower': { name: 'Play backward, faster each press', group: 'Playback', keys: ['j'], keysOnly: true },
  'studio.stop': { name: 'Stop', group: 'Playback', keys: ['k'], keysOnly: true },
  'studio.faster': { name: 'Play forward, faster each press', group: 'Playback', keys: ['l'], keysOnly: true },
  'studio.frame-back': { name: 'One frame back', group: 'Playback', keys: [','], keysOnly: true },
  'studio.frame-forward': { name: 'One frame forward', group: 'Playback', keys: ['.'], keysOnly: true },
  'studio.seek-back': { name: 'One second back', group: 'Playback', keys: ['ArrowLeft'], keysOnly: true },
  'studio.seek-forward': { name: 'One second forward', group: 'Playback', keys: ['ArrowRight'], keysOnly: true },
  'studio.keyframe-back': { name: 'Keyframe before', group: 'Playback', keys: ['Shift+ArrowLeft'], keysOnly: true },
  'studio.keyframe-forward': { name: 'Keyframe after', group: 'Playback', keys: ['Shift+ArrowRight'], keysOnly: true },
  'studio.to-start': { name: 'To the beginning', group: 'Playback', keys: ['Home'], keysOnly: true },
  'studio.to-end': { name: 'To the end', group: 'Playback', keys: ['End'], keysOnly: true },
  'studio.mute': { name: 'Mute', group: 'Playback', keys: ['m'] },
  'studio.fullscreen': { name: 'Full screen', group: 'Playback', keys: ['f'] },

  'studio.set-in': { name: 'Set in point', group: 'Segments', keys: ['i'] },
  'studio.set-out': { name: 'Set out point', group: 'Segments', keys: ['o'] },
  'studio.split': { name: 'Split at the playhead', group: 'Segments', keys: ['b'] },
  'studio.add-segment': { name: 'Add a segment at the playhead', group: 'Segments', keys: ['+', 'Shift++'] },
  'studio.remove-segment': { name: 'Remove the segment', group: 'Segments', keys: ['Backspace', 'Delete'] },
  'studio.next-segment': { name: 'Next segment', group: 'Segments', keys: ['ArrowDown'], keysOnly: true },
  'studio.previous-segment': { name: 'Previous segment', group: 'Segments', keys: ['ArrowUp'], keysOnly: true },
  'studio.transcript': { name: 'Show the transcript', group: 'Go to', keys: ['t'] },
  'transcript.find': { name: 'Search this transcript', group: 'Go to', keys: ['$mod+f'] },
  'transcript.add-segment': { name: 'Add a segment of the marked words', group: 'Segments', keys: ['Shift+Enter'] },
  'transcript.undo': { name: 'Undo the last correction', group: 'Segments', keys: ['$mod+z'], keysOnly: true },
  'studio.undo': { name: 'Undo', group: 'Segments', keys: ['$mod+z'] },
  'studio.redo': { name: 'Redo', group: 'Segments', keys: ['$mod+Shift+z', '$mod+y'] },
  'studio.zoom-in': { name: 'Zoom the timeline in', group: 'Segments', keys: ['='] },
  'studio.zoom-out': { name: 'Zoom the timeline out', group: 'Segments', keys: ['-'] },
  'studio.export': { name: 'Cut the segments', group: 'Segments', keys: ['e'] },

  'captions.play': { name: 'Play or pause the sample', group: 'Captions', keys: ['Space'], keysOnly: true },
  'captions.undo': { name: 'Undo the change of the style', group: 'Captions', keys: ['$mod+z'] },
  'captions.redo': { name: 'Redo the change of the style', group: 'Captions', keys: ['$mod+Shift+z', '$mod+y'] },
  'captions.save': { name: 'Save the style', group: 'Captions', keys: ['$mod+s'], anywhere: true },
  'captions.duplicate': { name: 'Duplicate the style', group: 'Captions', keys: ['$mod+d'] },

  'library.search': { name: 'Search the library', group: 'Library', keys: ['/'] },
  'library.select-all': { name: 'Select all shown clips', group: 'Library', keys: ['$mod+a'] },
  'library.delete': { name: 'Delete the selected clips', group: 'Library', keys: ['Backspace', 'Delete'] },
  'library.clear': { name: 'Clear the selection', group: 'Library', keys: ['Escape'] },
} as const satisfies Record<string, ActionEntry>;

export type ActionId = keyof typeof TABLE;
