// What a canvas cannot ask of a style sheet: the tokens' colours as they are now, and the pixels of the screen.
import { theme } from '../shell/theme.svelte';

/** Tokens the canvases draw with; see tokens.css. */
const TOKENS = ['text-3', 'hairline', 'control-line', 'wave', 'accent', 'sunken'] as const;
export type Colours = Record<(typeof TOKENS)[number], string>;

export class Palette {
  colours = $state.raw<Colours | null>(null);
  pixelRatio = $state(1);

  /** Reads the colours at `place`, and again when the theme or the screen changes. Call it in an effect. */
  watch(place: HTMLElement): () => void {
    void theme.choice;
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const read = () => {
      this.colours = coloursOf(place);
      this.pixelRatio = devicePixelRatio;
    };
    // The theme is written on the page after this effect.
    const frame = requestAnimationFrame(read);
    dark.addEventListener('change', read);
    addEventListener('resize', read);
    return () => {
      cancelAnimationFrame(frame);
      dark.removeEventListener('change', read);
      removeEventListener('resize', read);
    };
  }

  /** Makes a canvas as sharp as the screen; answers with what to draw on, in CSS pixels. */
  prepare(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
    const ratio = this.pixelRatio;
    const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== across || canvas.height !== down) [canvas.width, canvas.height] = [across, down];
    const context = canvas.getContext('2d');
    context?.setTransform(ratio, 0, 0, ratio, 0, 0);
    return context;
  }
}

function coloursOf(place: HTMLElement): Colours {
  const probe = document.createElement('span');
  place.append(probe);
  const read = (token: string) => {
    probe.style.color = `var(--${token})`;
    return getComputedStyle(probe).color;
  };
  const colours = Object.fromEntries(TOKENS.map((token) => [token, read(token)])) as Colours;
  probe.remove();
  return colours;
}
