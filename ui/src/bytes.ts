// Sizes as people read them, decimal as disks are sold and limits are stated.

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;

const formats = UNITS.map(
  (unit, step) =>
    new Intl.NumberFormat('en', { style: 'unit', unit, unitDisplay: step ? 'short' : 'long', maximumSignificantDigits: 3 }),
);

/** `734 MB`, `1.5 GB`, `96 bytes`. */
export function formatBytes(bytes: number): string {
  let step = 0;
  let value = bytes;
  // 999.6 would read as 1,000 of the smaller unit.
  while (value >= 999.5 && step < UNITS.length - 1) [value, step] = [value / 1000, step + 1];
  return formats[step]!.format(value);
}

/** `12.4 MB/s`. */
export const formatSpeed = (bytesPerSecond: number): string => `${formatBytes(bytesPerSecond)}/s`;
