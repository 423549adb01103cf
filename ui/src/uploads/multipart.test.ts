import { beforeEach, describe, expect, test } from 'vitest';

import { ApiError } from '../api/errors';
import type { PartTag, Upload } from '../api/types';
import { isSameFile, type Memory, type Unfinished } from './memory';
import { Transfer } from './multipart';
import type { Outside, Phase, Progress, Wire } from './outside';
import { PutError, type Put } from './put';

const MIB = 2 ** 20;
const limits = { min_part_bytes: 5 * MIB, default_part_bytes: 32 * MIB };

/** A file of so many parts of 5 MiB whose bytes are never made: its slices know where they come from. */
function fileOf(parts: number, name = 'talk.mp4') {
  const size = parts * 5 * MIB - 7;
  const slice = (from = 0, to = size) => ({
    size: to - from,
    from,
    to,
    arrayBuffer: async () => new ArrayBuffer(0),
  });
  return { name, size, lastModified: 1, type: 'video/mp4', slice: slice as unknown as File['slice'] };
}

class Remembered implements Memory {
  all: Unfinished[] = [];
  async find(account: string, file: Parameters<Memory['find']>[1]) {
    return structuredClone(this.all.find((each) => each.account === account && isSameFile(each, file)) ?? null);
  }
  async list(account: string) {
    return this.all.filter((each) => each.account === account);
  }
  async save(unfinished: Unfinished) {
    const others = this.all.filter((each) => each.account !== unfinished.account || !isSameFile(each, unfinished));
    this.all = [...others, structuredClone(unfinished)];
  }
  async forget(gone: Parameters<Memory['forget']>[0]) {
    this.all = this.all.filter((each) => each.account !== gone.account || !isSameFile(each, gone));
  }
}

/** A server in memory: what it was asked, and what it was told to refuse. */
class Server {
  calls: string[] = [];
  puts: number[] = [];
  completed: PartTag[] | null = null;
  uploads = 0;
  status: Upload['status'] = 'ready';
  /** Called before each PUT with the part's number and how often it has come; may throw or wait. */
  onPut: (number: number, time: number, signal: AbortSignal) => unknown = () => undefined;
  refuse: Partial<Record<keyof Wire, unknown[]>> = {};

  wire: Wire = {
    initiate: async ({ part_count }) => {
      this.#called('initiate');
      this.uploads++;
      const parts = Array.from({ length: part_count }, (_, at) => ({
        part_number: at + 1,
        url: this.#url(at + 1),
      }));
      return {
        file_id: `upl_${this.uploads}`,
        upload_id: 'u',
        parts,
        expires_in: 3600,
        clip_requested: false,
      };
    },
    refresh: async ({ part_numbers }) => {
      this.#called('refresh');
      return { parts: part_numbers.map((number) => ({ part_number: number, url: this.#url(number) })) };
    },
    complete: async ({ parts }) => {
      this.#called('complete');
      this.completed = parts;
    },
    abort: async () => this.#called('abort'),
    status: async (file_id) => {
      this.#called('status');
      return {
        file_id,
        status: this.status,
        error: this.status === 'failed' ? 'No picture and no sound.' : null,
      } as Upload;
    },
  };

  put: Put = async (url, body, onSent, signal) => {
    const number = Number(url.split('/').at(-1));
    this.puts.push(number);
    await this.onPut(number, this.puts.filter((each) => each === number).length, signal);
    signal.throwIfAborted();
    onSent(body.size);
    return `"tag-${number}"`;
  };

  #called(name: keyof Wire): void {
    this.calls.push(name);
    const refusal = this.refuse[name]?.shift();
    if (refusal) throw refusal;
  }

  #url(number: number): string {
    return `/_s/${this.uploads}/${number}`;
  }
}

let server: Server;
let memory: Remembered;
let isOnline: boolean;
let seen: Progress[];

beforeEach(() => {
  server = new Server();
  memory = new Remembered();
  isOnline = true;
  seen = [];
});

function transferOf(file = fileOf(6), account = 'usr_1'): Transfer {
  const outside: Outside = {
    account,
    limits,
    wire: server.wire,
    put: server.put,
    memory,
    isOnline: () => isOnline,
    untilOnline: async () => void (isOnline = true),
    pause: async (_ms, signal) => signal.throwIfAborted(),
    now: () => Date.now(),
  };
  return new Transfer(file, outside, (progress) => seen.push(progress));
}

const phases = (): Phase[] => seen.map(({ phase }) => phase).filter((phase, at, all) => phase !== all[at - 1]);
const untilAborted = (signal: AbortSignal) =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(new DOMException('', 'AbortError'))));

describe('an upload', () => {
  test('sends every part once and completes with every tag in order', async () => {
    const transfer = transferOf();
    await transfer.run();
    expect(server.puts.toSorted()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(server.completed).toEqual([1, 2, 3, 4, 5, 6].map((n) => ({ part_number: n, etag: `"tag-${n}"` })));
    expect(phases()).toEqual(['sending', 'finishing', 'checking', 'ready']);
    expect(transfer.progress).toMatchObject({ file_id: 'upl_1', sent: transfer.file.size });
  });
  test('leaves nothing remembered when it is there', async () => {
    await transferOf().run();
    expect(memory.all).toEqual([]);
  });
  test('keeps four parts on their way, and no more', async () => {
    let now = 0;
    let most = 0;
    server.onPut = async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve, 1));
      now--;
    };
    await transferOf(fileOf(12)).run();
    expect(most).toBe(4);
  });
  test('never tells more bytes than the file has, nor fewer than before', async () => {
    const transfer = transferOf();
    await transfer.run();
    const sent = seen.map((progress) => progress.sent);
    expect(sent).toEqual(sent.toSorted((a, b) => a - b));
    expect(Math.max(...sent)).toBe(transfer.file.size);
  });
  test('that the server cannot read fails with the server’s sentence', async () => {
    server.status = 'failed';
    const transfer = transferOf();
    await transfer.run();
    expect(transfer.progress).toMatchObject({ phase: 'failed', error: 'No picture and no sound.' });
  });
  test('that is refused at once sends nothing', async () => {
    server.refuse.initiate = [new ApiError('Too large.', 'too_large', 413)];
    const transfer = transferOf();
    await transfer.run();
    expect(transfer.progress).toMatchObject({ phase: 'failed', error: 'Too large.' });
    expect(server.puts).toEqual([]);
  });
});

describe('a part', () => {
  test('answered 503 twice is sent again, and only it', async () => {
    server.onPut = (number, time) => {
      if (number === 3 && time <= 2) throw new PutError(503);
    };
    await transferOf().run();
    expect(server.puts.filter((each) => each === 3)).toHaveLength(3);
    expect(server.puts).toHaveLength(8);
    expect(phases().at(-1)).toBe('ready');
  });
  test('whose address has expired gets a fresh one', async () => {
    server.onPut = (number, time) => {
      if (number === 2 && time === 1) throw new PutError(403);
    };
    await transferOf().run();
    expect(server.calls.filter((call) => call === 'refresh')).toHaveLength(1);
    expect(phases().at(-1)).toBe('ready');
  });
  test('that never arrives stops the upload, which can be tried again', async () => {
    server.onPut = (number) => {
      if (number === 2) throw new PutError(0);
    };
    const transfer = transferOf();
    await transfer.run();
    expect(transfer.progress.phase).toBe('stopped');
    server.onPut = () => undefined;
    server.puts = [];
    await transfer.run();
    expect(transfer.progress.phase).toBe('ready');
    expect(server.puts).toContain(2);
    expect(server.calls.filter((call) => call === 'initiate')).toHaveLength(1);
  });
});

describe('pause', () => {
  test('keeps what has arrived, and resume sends the rest only', async () => {
    server.onPut = (number, _time, signal) => (number > 2 ? untilAborted(signal) : undefined);
    const transfer = transferOf();
    const running = transfer.run();
    await new Promise((resolve) => setTimeout(resolve, 5));
    transfer.pause();
    expect(transfer.progress).toMatchObject({ phase: 'paused', sent: 10 * MIB });
    await running;
    server.onPut = () => undefined;
    server.puts = [];
    await transfer.run();
    expect(server.puts.toSorted()).toEqual([3, 4, 5, 6]);
    expect(transfer.progress.phase).toBe('ready');
  });
  test('and resume at once do not disturb each other', async () => {
    const transfer = transferOf();
    void transfer.run();
    transfer.pause();
    await transfer.run();
    expect(transfer.progress.phase).toBe('ready');
    expect(server.calls.filter((call) => call === 'initiate').length).toBeLessThanOrEqual(2);
  });
});

describe('cancel', () => {
  test('asks the server to throw the bytes away and forgets them here', async () => {
    server.onPut = (_number, _time, signal) => untilAborted(signal);
    const transfer = transferOf();
    void transfer.run();
    await new Promise((resolve) => setTimeout(resolve, 5));
    await transfer.cancel();
    expect(server.calls).toContain('abort');
    expect(memory.all).toEqual([]);
    expect(transfer.progress.phase).toBe('canceled');
  });
});

describe('a page that is loaded again', () => {
  async function interrupted(): Promise<void> {
    server.onPut = (number, _time, signal) => (number > 4 ? untilAborted(signal) : undefined);
    const transfer = transferOf();
    void transfer.run();
    await new Promise((resolve) => setTimeout(resolve, 5));
    server.onPut = () => undefined;
    server.puts = [];
    server.calls = [];
    seen = [];
  }
  test('goes on with the parts that are missing, without a second upload', async () => {
    await interrupted();
    const transfer = transferOf();
    await transfer.run();
    expect(server.puts.toSorted()).toEqual([5, 6]);
    expect(server.calls).not.toContain('initiate');
    expect(server.completed).toHaveLength(6);
    expect(seen.find(({ file_id }) => file_id)?.sent).toBeGreaterThanOrEqual(20 * MIB);
  });
  test('begins anew where the server no longer knows the upload', async () => {
    await interrupted();
    server.refuse.refresh = [new ApiError('Not found.', 'not_found', 404)];
    await transferOf().run();
    expect(server.puts.toSorted()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(phases().at(-1)).toBe('ready');
  });
  test('does not go on with somebody else’s upload', async () => {
    await interrupted();
    await transferOf(fileOf(6), 'usr_2').run();
    expect(server.puts).toHaveLength(6);
  });
  test('does not take a file of the same name for the same', async () => {
    await interrupted();
    await transferOf({ ...fileOf(6), lastModified: 2 }).run();
    expect(server.puts).toHaveLength(6);
  });
});

describe('without a network', () => {
  test('an upload waits, says so, and goes on', async () => {
    server.onPut = (number, time) => {
      if (number === 1 && time === 1) {
        isOnline = false;
        throw new PutError(0);
      }
    };
    await transferOf().run();
    expect(phases()).toContain('offline');
    expect(phases().at(-1)).toBe('ready');
  });
});

test('a session that ended stops the upload and keeps what has arrived', async () => {
  server.refuse.complete = [new ApiError('Sign in.', 'unauthorized', 401)];
  const transfer = transferOf();
  await transfer.run();
  expect(transfer.progress).toMatchObject({ phase: 'stopped', error: 'Sign in.' });
  expect(memory.all).toHaveLength(1);
  await transfer.run();
  expect(transfer.progress.phase).toBe('ready');
});
