// What can be done to one clip. The page shows it at once and takes it back, with the reason, where the server refuses.
import { toast } from 'svelte-sonner';
import { api, ask } from '../api/client';
import { sentenceOf } from '../api/errors';
import { session } from '../api/session.svelte';
import type { Clip } from '../api/types';
import { copyText } from '../kit/copy';
import { text } from '../strings';
import type { Shelf } from './shelf.svelte';

export async function rename(shelf: Shelf, clip: Clip, title: string): Promise<void> {
  const wanted = title.trim();
  if (wanted === clip.title) return;
  if (!wanted) {
    toast.error(text.library.titleEmpty);
    return;
  }
  shelf.replace({ ...clip, title: wanted });
  const path = { clip_id: clip.clip_id };
  try {
    shelf.replace(await ask(api.PATCH('/v1/clips/{clip_id}', { params: { path }, body: { title: wanted } })));
  } catch (thrown) {
    shelf.replace(clip);
    toast.error(text.library.renameFailed(sentenceOf(thrown)));
  }
}

export async function togglePin(shelf: Shelf, clip: Clip): Promise<void> {
  shelf.replace({ ...clip, pinned: !clip.pinned });
  const call = { params: { path: { clip_id: clip.clip_id } }, body: {} };
  try {
    const reply = clip.pinned ? api.POST('/v1/clips/{clip_id}/unpin', call) : api.POST('/v1/clips/{clip_id}/pin', call);
    shelf.replace(await ask(reply));
    toast.success(clip.pinned ? text.library.unpinnedDone : text.library.pinnedDone);
  } catch (thrown) {
    shelf.replace(clip);
    toast.error(sentenceOf(thrown));
  }
}

/** Whether visitors of the shared page see how often the clip was watched. */
export async function toggleViews(shelf: Shelf, clip: Clip): Promise<void> {
  const visible = !clip.view_count_visible;
  shelf.replace({ ...clip, view_count_visible: visible });
  const call = { params: { path: { clip_id: clip.clip_id } }, body: { visible } };
  try {
    await ask(api.PATCH('/v1/share/{clip_id}/view-count-visibility', call));
    toast.success(visible ? text.library.viewsShown : text.library.viewsHidden);
  } catch (thrown) {
    shelf.replace(clip);
    toast.error(sentenceOf(thrown));
  }
}

/** An address for others: as the server says it begins, which may not be how this browser came. */
const absolute = (path: string): string => new URL(path, session.account?.links_begin || location.href).href;

async function copy(value: string, done: string): Promise<void> {
  if (await copyText(value)) toast.success(done);
  else toast.error(text.kit.copyFailed);
}

export const copyLink = (clip: Clip): Promise<void> => copy(absolute(clip.download_url), text.library.copyLinkDone);

/** The page where anybody with the link watches the clip. */
export const copyShareLink = (clip: Clip): Promise<void> =>
  copy(absolute(clip.share_url), clip.pinned ? text.library.shareLinkDone : text.library.shareLinkExpires);

/** What another site's page shows the clip with. Its size is a start; the frame may have any. */
export const copyEmbed = (clip: Clip): Promise<void> =>
  copy(
    `<iframe src="${absolute(clip.embed_url)}" width="640" height="360" allow="fullscreen; autoplay" loading="lazy" style="border:0"></iframe>`,
    text.library.copyEmbedDone,
  );

/** Captions are drawn into MP4 that has none yet. */
export const mayCaption = (clip: Clip): boolean => clip.format === 'mp4' && !clip.captioned;
