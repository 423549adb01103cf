// How a key reads to a person: `$mod+k` is ⌘K on a Mac and Ctrl K elsewhere.

const MAC = /mac|iphone|ipad/i;

const NAMES: Record<string, string> = {
  Space: 'Space',
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Backspace: '⌫',
  Delete: 'Del',
  Escape: 'Esc',
  Enter: '↵',
};

export const isMac = typeof navigator !== 'undefined' && MAC.test(navigator.platform);

function cap(part: string, mac: boolean): string {
  if (part === '$mod') return mac ? '⌘' : 'Ctrl';
  if (part === 'Shift') return mac ? '⇧' : 'Shift';
  if (part === 'Alt') return mac ? '⌥' : 'Alt';
  return NAMES[part] ?? (part.length === 1 ? part.toUpperCase() : part);
}

/** The caps of one binding, in the order they are pressed; a sequence such as `g l` is two presses. */
export function caps(binding: string, mac = isMac): string[] {
  return binding.split(' ').flatMap((press) => {
    const parts = press.split(/\b\+/);
    // "?" needs Shift on most keyboards, but nobody thinks of it as Shift+?.
    const shown = parts.at(-1) === '?' ? ['?'] : parts;
    return shown.map((part) => cap(part, mac));
  });
}

/** One line for a tooltip: `⌘K`, `Ctrl K`, `G L`. */
export function keyLabel(binding: string, mac = isMac): string {
  return caps(binding, mac).join(mac ? '' : ' ');
}
