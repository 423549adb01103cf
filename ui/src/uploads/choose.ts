// The browser's own dialog for files, showing those FastClip reads.
import type { Rules } from '../api/types';

/** Resolves with what was chosen; with nothing when the dialog was closed. */
export function chooseFiles(rules: Rules, { several = false } = {}): Promise<File[]> {
  const input = document.createElement('input');
  input.type = 'file';
  input.multiple = several;
  const extensions = [...rules.extensions.video, ...rules.extensions.audio];
  input.accept = ['video/*', 'audio/*', ...extensions.map((extension) => `.${extension}`)].join(',');
  return new Promise((resolve) => {
    input.onchange = () => resolve([...(input.files ?? [])]);
    input.oncancel = () => resolve([]);
    input.click();
  });
}
