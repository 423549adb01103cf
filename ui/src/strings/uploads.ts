// Texts of uploading.
import { formatBytes } from '../bytes';

const listed = (names: string[]): string => names.map((name) => name.toUpperCase()).join(', ');

export const uploads = {
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
