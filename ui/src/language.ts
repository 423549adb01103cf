// WebKitGTK (the native window on Linux) calls its language `C` where the system has no locale, as on a bare server.
// `Intl` refuses that name, and uPlot asks for it as it loads: without this the whole page stays empty.

/** Calls a language that is none `en-US`, as Chromium does. */
export function mend(from: { language: string }): void {
  try {
    Intl.getCanonicalLocales(from.language);
  } catch {
    Object.defineProperty(from, 'language', { value: 'en-US', configurable: true });
  }
}

if (typeof navigator !== 'undefined') mend(navigator);
