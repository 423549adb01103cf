// The filter of the library stands in the address, so that a reload, a link and the back button keep it.
import type { ClipFilter, ClipMedia, ClipSort } from '../api/types';

export const MEDIA: ClipMedia[] = ['video', 'audio', 'gif'];
export const SORTS: ClipSort[] = ['created_desc', 'created_asc', 'name'];

const oneOf = <Value extends string>(values: Value[], found: string | null): Value | undefined =>
  values.find((value) => value === found);

/** What the address asks for; anything it does not understand is as if it were not there. */
export function filterOf(query: URLSearchParams): ClipFilter {
  return {
    q: query.get('q')?.trim() || undefined,
    media: oneOf(MEDIA, query.get('media')),
    pinned: query.get('pinned') === 'true' || undefined,
    sort: oneOf(SORTS, query.get('sort')),
  };
}

export const isFiltered = (filter: ClipFilter): boolean => !!(filter.q || filter.media || filter.pinned);
