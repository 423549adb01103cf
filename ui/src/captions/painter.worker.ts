// Draws captions with libass, off the page: one script at a time, each picture handed back as a bitmap.
import { ASSRenderer } from 'jassub/dist/worker/worker.js';
import type { Order, Painted, Reply } from './painter';

/** The renderer takes the worker's `fetch` for its own use while it starts. */
const fetchFont = fetch;
const port = self as unknown as {
  onmessage: ((event: MessageEvent<Order>) => void) | null;
  postMessage: (reply: Reply, pictures: ImageBitmap[]) => void;
};

/** libass refuses a script without its sections. */
const NOTHING = '[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name\n\n[Events]\nFormat: Layer\n';
const canvas = new OffscreenCanvas(1, 1);
const fonts = new Set<string>();
let renderer: ASSRenderer | null = null;
let queue = Promise.resolve();

port.onmessage = ({ data }) => {
  queue = queue.then(() => answer(data));
};

async function answer(order: Order): Promise<void> {
  try {
    const painted = await paint(order);
    port.postMessage(
      { id: order.id, painted },
      painted.map(({ picture }) => picture),
    );
  } catch (thrown) {
    port.postMessage({ id: order.id, error: thrown instanceof Error ? thrown.message : String(thrown) }, []);
  }
}

/** A picture for each time at which there is another one than before. */
async function paint({ script, wasm, width, height, times, crop }: Order): Promise<Painted[]> {
  renderer ??= await open(wasm);
  if (script) {
    await bring(script.fonts);
    renderer.setTrack(script.ass);
  }
  renderer._resizeCanvas(width, height, width, height);
  const painted: Painted[] = [];
  for (const [n, at] of times.entries()) {
    const images = renderer._wasm.rawRender(at, Number(n === 0));
    if (!images) continue;
    renderer._gpurender.render(images, (self as unknown as { HEAPU8RAW: Uint8Array<ArrayBuffer> }).HEAPU8RAW);
    painted.push({ at, picture: await taken(crop) });
  }
  return painted;
}

async function taken(crop: Order['crop']): Promise<ImageBitmap> {
  if (!crop) return canvas.transferToImageBitmap();
  return createImageBitmap(canvas, crop.x, crop.y, crop.width, crop.height);
}

async function open(wasm: Order['wasm']): Promise<ASSRenderer> {
  const opened: ASSRenderer | undefined = await new ASSRenderer(
    {
      wasmUrl: hasRelaxedSimd() ? wasm.modern : wasm.plain,
      width: 1,
      height: 1,
      subUrl: undefined,
      subContent: NOTHING,
      fonts: [],
      availableFonts: {},
      defaultFont: 'none',
      debug: false,
      libassMemoryLimit: 0,
      libassGlyphLimit: 0,
      queryFonts: false, // no font of this machine or of the web: what is not sent is not drawn
    },
    () => Promise.resolve(undefined),
    canvas,
  );
  if (!opened) throw new Error('libass did not start');
  return opened;
}

async function bring(wanted: { family: string; url: string }[]): Promise<void> {
  const missing = wanted.filter(({ family }) => !fonts.has(family));
  const files = await Promise.all(
    missing.map(async ({ url }) => {
      const answer = await fetchFont(url);
      if (!answer.ok) throw new Error(`a font did not come (${answer.status})`);
      return new Uint8Array(await answer.arrayBuffer());
    }),
  );
  if (files.length) await renderer!.addFonts(files);
  for (const { family } of missing) fonts.add(family);
}

/** Whether this browser runs the faster build: a module with one relaxed SIMD instruction is valid. */
function hasRelaxedSimd(): boolean {
  const head = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b];
  const constant = [0xfd, 0x0c, ...new Array<number>(16).fill(0)];
  const body = [0x00, ...constant, ...constant, 0xfd, 0x80, 0x02, 0x0b];
  const code = [0x0a, body.length + 2, 0x01, body.length, ...body];
  return WebAssembly.validate(Uint8Array.from([...head, 0x03, 0x02, 0x01, 0x00, ...code]));
}
