// Texts of uploading.
import { formatBytes } from '../bytes';

const listed = (names: string[]): string => names.map((name) => name.toUpperCase()).join(', ');

export const uploads = {
  title: 'Uploads',
  drop: 'Drop to upload',
  open: 'Open',
  ready: (name: string) => `${name} is ready`,
  amount: (sent: string, total: string) => `${sent} of ${total}`,
  pause: (name: string) => `Pause ${name}`,
  resumeOne: (name: string) => `Go on with ${name}`,
  cancel: (name: string) => `Cancel ${name}`,
  dismiss: (name: string) => `Take ${name} off the list`,
  phases: {
    waiting: 'Waiting for the one before it',
    sending: 'Uploading',
    paused: 'Paused',
    offline: 'No network; goes on by itself when it is back',
    stopped: 'Stopped',
    finishing: 'Putting the parts together',
    checking: 'Looking at the recording',
    ready: 'Ready',
    failed: 'Failed',
    canceled: 'Canceled',
  },
  resume: {
    title: (name: string, percent: number) => `Resume ${name} — ${percent} % is there`,
    hint: (size: string) => `Choose the same file again (${size}), or drop it here.`,
    choose: 'Choose the file',
    discard: (name: string) => `Give up ${name}`,
    another: (chosen: string, wanted: string, size: number) =>
      `${chosen} is another file. Choose ${wanted} of ${formatBytes(size)}, not changed since.`,
  },
  recent: {
    title: 'Recent recordings',
    failed: 'The recent recordings could not be read',
    expires: (when: string) => `Expires ${when}`,
  },
  refusals: {
    kind: (name: string, known: string[]) => `${name} is not a recording FastClip reads. It reads ${listed(known)}.`,
    empty: (name: string) => `${name} is empty.`,
    tooLarge: (name: string, size: number, most: number) =>
      `${name} has ${formatBytes(size)}; the limit is ${formatBytes(most)}.`,
  },
  errors: {
    connection: 'The connection was lost. What has arrived is kept; try again when the network is back.',
    unreadable: (name: string) => `${name} was changed or moved while it was sent. Choose it again.`,
  },
};
