// Counts a view of a shared clip: when it is first played, or, for a GIF, shown. The page works without it.
import './share.css';

const STORED = 'fastclip.visitor';

/** What this browser calls itself to the server, so that a visitor counts once; nothing where storage is closed. */
function visitorId(): string | undefined {
  try {
    const kept = localStorage.getItem(STORED);
    if (kept && /^[\w-]{8,64}$/.test(kept)) return kept;
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    const made = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    localStorage.setItem(STORED, made);
    return made;
  } catch {
    return undefined;
  }
}

async function count(clipId: string): Promise<void> {
  const answer = await fetch(`/v1/share/${clipId}/view`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ visitor_id: visitorId() }),
  });
  const place = document.querySelector('[data-views]');
  const { views } = (await answer.json()) as { views?: number | null };
  if (place && typeof views === 'number') {
    place.textContent = views === 1 ? '1 view' : `${new Intl.NumberFormat('en').format(views)} views`;
  }
}

const media = document.querySelector<HTMLElement>('[data-clip]');
const clipId = media?.dataset.clip;
if (media && clipId) {
  const seen = (): void => void count(clipId).catch(() => undefined);
  if (media instanceof HTMLMediaElement) media.addEventListener('play', seen, { once: true });
  else seen();
}
