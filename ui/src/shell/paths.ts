// Addresses of the page: which are ours, and what their parts say.

/** Paths that this page shows by itself; everything else (files, documents) is the server's. */
const PAGES = /^\/($|studio$|captions$|library($|\/)|settings($|\/)|owner($|\/)|setup$|sign-in$|join$|reset$)/;

export const isPage = (path: string): boolean => PAGES.test(path);

/** The first word of an address, which names its room. */
export const roomOf = (path: string): string => path.split('/')[1] ?? '';

/** The path's parts after `prefix`, or null where it does not begin so: `under('/library', '/library/1')` is `['1']`. */
export function under(prefix: string, path: string): string[] | null {
  if (path !== prefix && !path.startsWith(`${prefix}/`)) return null;
  return path.slice(prefix.length).split('/').filter(Boolean).map(decodeURIComponent);
}
