// Draws captions in the browser by what burns them: libass, compiled to WebAssembly, in a worker of its own.
import modern from 'jassub/dist/wasm/jassub-worker-modern.wasm?url';
import plain from 'jassub/dist/wasm/jassub-worker.wasm?url';

/** An ASS script and the fonts that it names. */
export interface Script {
  ass: string;
  fonts: { family: string; url: string }[];
}

export interface Crop {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Order {
  id: number;
  /** Null: the one that was sent before. */
  script: Script | null;
  wasm: { modern: string; plain: string };
  width: number;
  height: number;
  /** Seconds; a time that shows what the one before it shows gives no picture. */
  times: number[];
  crop?: Crop;
}

export interface Painted {
  at: number;
  picture: ImageBitmap;
}

export type Reply = { id: number; painted: Painted[] } | { id: number; error: string };

export type Wish = Omit<Order, 'id' | 'script' | 'wasm'> & { script: Script };

interface Waiting {
  wish: Wish;
  /** A newer wish by the same name takes its place. */
  name: string;
  resolve: (painted: Painted[] | null) => void;
  reject: (reason: Error) => void;
}

/** An empty module: where a policy or the browser forbids WebAssembly, making it throws. */
const EMPTY_MODULE = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);

class Painter {
  #worker: Worker | null = null;
  #users = 0;
  #ids = 0;
  #queue: Waiting[] = [];
  #current: (Waiting & { id: number }) | null = null;
  #sent: Script | null = null;
  #broken: string | null = null;

  /** Whether pictures can be had of it at all; once false it stays so until the page is loaded again. */
  get canPaint(): boolean {
    this.#broken ??= whyNot();
    return this.#broken === '';
  }

  /** Holds the worker while somebody needs it: `onMount(() => painter.hold())`. */
  hold(): () => void {
    this.#users += 1;
    return () => {
      this.#users -= 1;
      if (this.#users === 0) this.#stop();
    };
  }

  /** The pictures; null when a newer wish by the same name came first. `urgent` goes before everything that waits. */
  paint(name: string, wish: Wish, { urgent = false } = {}): Promise<Painted[] | null> {
    return new Promise((resolve, reject) => {
      if (!this.canPaint) return reject(new Error(this.#broken ?? ''));
      const waiting = { wish, name, resolve, reject };
      const index = this.#queue.findIndex((one) => one.name === name);
      if (index >= 0) this.#queue.splice(index, 1)[0]!.resolve(null);
      if (urgent) this.#queue.unshift(waiting);
      else this.#queue.push(waiting);
      this.#next();
    });
  }

  #next(): void {
    if (this.#current || this.#queue.length === 0) return;
    const waiting = this.#queue.shift()!;
    const id = ++this.#ids;
    this.#current = { ...waiting, id };
    const { script, ...rest } = waiting.wish;
    const order: Order = { ...rest, id, script: script === this.#sent ? null : script, wasm: { modern, plain } };
    this.#sent = script;
    this.#started().postMessage(order);
  }

  #started(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(new URL('./painter.worker.ts', import.meta.url), { type: 'module', name: 'captions' });
    worker.onmessage = (event: MessageEvent<Reply>) => this.#take(event.data);
    worker.onerror = (event) => this.#break(event.message || 'the worker did not start');
    this.#worker = worker;
    return worker;
  }

  #take(reply: Reply): void {
    const current = this.#current;
    if (!current || reply.id !== current.id) return;
    this.#current = null;
    if ('error' in reply) {
      this.#sent = null; // what the renderer holds now is not known
      if (reply.id === 1) return this.#break(reply.error, current);
      current.reject(new Error(reply.error));
    } else current.resolve(reply.painted);
    this.#next();
  }

  /** It cannot draw here: everybody who waits hears of it, and asks the server from now on. */
  #break(reason: string, current: Waiting | null = this.#current): void {
    this.#broken = reason;
    const waiting = [...(current ? [current] : []), ...this.#queue];
    this.#stop();
    for (const { reject } of waiting) reject(new Error(reason));
  }

  #stop(): void {
    this.#worker?.terminate();
    this.#worker = null;
    this.#sent = null;
    for (const { resolve } of this.#broken ? [] : this.#queue) resolve(null);
    if (!this.#broken) this.#current?.resolve(null);
    this.#queue = [];
    this.#current = null;
  }
}

function whyNot(): string {
  try {
    new WebAssembly.Module(EMPTY_MODULE);
    new OffscreenCanvas(1, 1);
    return '';
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : 'no WebAssembly';
  }
}

export const painter = new Painter();
