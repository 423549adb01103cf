// The mean colour of a video's picture where captions stand on it, for judging their contrast.
import type { CaptionBox } from '../api/types';

const SIDE = 16;

/** `#rrggbb`, or undefined while there is no picture to read. */
export function backdropOf(video: HTMLVideoElement, box: CaptionBox): string | undefined {
  const { videoWidth: width, videoHeight: height, readyState } = video;
  if (!width || !height || readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return undefined;
  const context = new OffscreenCanvas(SIDE, SIDE).getContext('2d', { willReadFrequently: true });
  if (!context) return undefined;
  const across = Math.max(1, (box.right - box.left) * width);
  const down = Math.max(1, (box.bottom - box.top) * height);
  context.drawImage(video, box.left * width, box.top * height, across, down, 0, 0, SIDE, SIDE);
  const { data } = context.getImageData(0, 0, SIDE, SIDE);
  const sums = [0, 0, 0];
  for (let n = 0; n < data.length; n += 4) for (let c = 0; c < 3; c++) sums[c]! += data[n + c]!;
  return `#${sums.map((sum) => Math.round(sum / (SIDE * SIDE)).toString(16).padStart(2, '0')).join('')}`;
}
