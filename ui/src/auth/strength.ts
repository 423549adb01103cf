// A plain estimate of a password: length first, then how many different characters it has and whether it is a run.
// It only advises; the server decides.

export const MIN_CHARS = 10;
const STRONG_BITS = 60;
const FAIR_BITS = 45;

export type Strength = { level: 'empty' | 'short' | 'weak' | 'fair' | 'strong'; missing: number };

function alphabet(password: string): number {
  let size = 0;
  if (/[a-z]/.test(password)) size += 26;
  if (/[A-Z]/.test(password)) size += 26;
  if (/\d/.test(password)) size += 10;
  if (/[^a-zA-Z\d]/.test(password)) size += 33;
  return size;
}

/** Characters that are not simply the one before them, or the next to it: `aaaa` and `1234` are worth one. */
function surprising(password: string): number {
  let count = 0;
  let last = Number.NaN;
  for (const char of password.toLowerCase()) {
    const code = char.codePointAt(0)!;
    if (!(Math.abs(code - last) <= 1)) count += 1;
    last = code;
  }
  return count;
}

export function strengthOf(password: string): Strength {
  const length = [...password].length;
  if (!length) return { level: 'empty', missing: MIN_CHARS };
  if (length < MIN_CHARS) return { level: 'short', missing: MIN_CHARS - length };
  const distinct = new Set(password.toLowerCase()).size;
  const bits = Math.min(surprising(password), distinct * 2) * Math.log2(alphabet(password) || 2);
  const level = bits >= STRONG_BITS ? 'strong' : bits >= FAIR_BITS ? 'fair' : 'weak';
  return { level, missing: 0 };
}
