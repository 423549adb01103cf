// Light, dark or as the system has it; the studio is dark unless light was asked for, because video is judged on dark.
import { Monitor, Moon, Sun } from '@lucide/svelte';
import { text } from '../strings';

export type ThemeChoice = 'system' | 'light' | 'dark';

const STORED = 'fastclip.theme';

export const themes: { value: ThemeChoice; label: string; icon: typeof Sun }[] = [
  { value: 'system', label: text.shell.theme.system, icon: Monitor },
  { value: 'light', label: text.shell.theme.light, icon: Sun },
  { value: 'dark', label: text.shell.theme.dark, icon: Moon },
];

function stored(): ThemeChoice {
  const found = localStorage.getItem(STORED);
  return themes.find(({ value }) => value === found)?.value ?? 'system';
}

class Theme {
  choice = $state<ThemeChoice>(stored());

  choose(choice: ThemeChoice): void {
    this.choice = choice;
    localStorage.setItem(STORED, choice);
  }

  /** To the other of light and dark, from whichever is shown now. */
  flip(): void {
    const bySystem = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
    const shown = document.documentElement.dataset.theme ?? bySystem;
    this.choose(shown === 'dark' ? 'light' : 'dark');
  }

  /** Writes the theme on the page; `isStudio` is whether the page shows video to be judged. */
  apply(isStudio: boolean): void {
    const shown = this.choice === 'system' && isStudio ? 'dark' : this.choice;
    if (shown === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = shown;
  }
}

export const theme = new Theme();
