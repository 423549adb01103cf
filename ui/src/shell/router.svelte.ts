// Where we are: the path of the page, changed without loading it again.
// Plain <a href="/library"> links work; so do modified clicks, the back button and addresses typed by hand.
import { isPage, roomOf } from './paths';

class Router {
  path = $state(location.pathname);
  query = $state(new URLSearchParams(location.search));

  constructor() {
    addEventListener('popstate', () => this.#read());
    document.addEventListener('click', (event) => this.#follow(event));
  }

  /** Goes to an address of ours, such as `/library` or `/studio?file=upl_1`. */
  go(to: string, { replace = false } = {}): void {
    if (to === location.pathname + location.search + location.hash) return;
    const left = roomOf(location.pathname);
    history[replace ? 'replaceState' : 'pushState'](null, '', to);
    this.#read();
    // Inside a room the place stays: a clip opens over the grid, and the grid is still there when it closes.
    if (roomOf(location.pathname) !== left) scrollTo(0, 0);
  }

  /** Changes one field of the query in place, without an entry in the history. */
  setQuery(name: string, value: string | null): void {
    const query = new URLSearchParams(location.search);
    if (value === null || value === '') query.delete(name);
    else query.set(name, value);
    const search = query.size ? `?${query}` : '';
    this.go(location.pathname + search + location.hash, { replace: true });
  }

  #read(): void {
    this.path = location.pathname;
    this.query = new URLSearchParams(location.search);
  }

  #follow(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element).closest?.('a[href]') as HTMLAnchorElement | null;
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (!isPage(link.pathname)) return;
    event.preventDefault();
    this.go(link.pathname + link.search + link.hash);
  }
}

export const router = new Router();
