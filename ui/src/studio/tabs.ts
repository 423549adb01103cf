// The tabs beside the picture, in their order. A tab is a file of its own and one entry here.
import type { Component } from 'svelte';
import { isLive } from '../api/types';
import { text } from '../strings';
import AiTab from '../moments/AiTab.svelte';
import Captions from './Captions.svelte';
import Transcript from '../transcript/Transcript.svelte';
import Clips from './Clips.svelte';
import type { Editor } from './context';
import Trim from './Trim.svelte';

export interface StudioTab {
  id: string;
  label: string;
  /** Drawn when the tab is first opened, and kept from then on. It fills the panel: rows that scroll, then its feet. */
  view: Component;
  /** A number beside the label, while there is one; `isRunning` marks that something is under way. */
  count?: (editor: Editor) => { number: number; isRunning?: boolean };
}

export const TABS: readonly StudioTab[] = [
  {
    id: 'trim',
    label: text.studio.panel.trim,
    view: Trim,
    count: ({ document }) => ({ number: document.now.segments.length }),
  },
  { id: 'ai', label: text.moments.tab, view: AiTab },
  { id: 'transcript', label: text.transcript.tab, view: Transcript },
  { id: 'captions', label: text.captions.studio.tab, view: Captions },
  {
    id: 'clips',
    label: text.studio.panel.clips,
    view: Clips,
    count: ({ cutting }) => ({ number: cutting.count, isRunning: cutting.jobs.some(isLive) }),
  },
];
