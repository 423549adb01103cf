// What the parts of the editor share: handed down once, instead of through every component.
import { getContext, setContext } from 'svelte';
import type { Captioning } from './captioning.svelte';
import type { Cutting } from './cutting.svelte';
import type { DocumentStore } from './document.svelte';
import type { Source } from './cost';
import type { OpenedTab } from './opened.svelte';
import type { Playback } from './playback.svelte';
import type { Recording } from './recording.svelte';
import type { Viewport } from './viewport.svelte';

export interface Editor {
  recording: Recording;
  source: Source;
  document: DocumentStore;
  playback: Playback;
  viewport: Viewport;
  cutting: Cutting;
  captioning: Captioning;
  panel: OpenedTab;
}

const KEY = Symbol('editor');

export const provideEditor = (editor: Editor): Editor => setContext(KEY, editor);
export const useEditor = (): Editor => getContext<Editor>(KEY);
