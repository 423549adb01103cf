"""The pages of a shared clip: `/c/{id}` to watch and download it, `/embed/{id}` to stand in other sites' pages.

They are written here, in full, so that they show without a script; `share.js` only counts the view. Their policy lets
nothing else run, and only `/embed` be framed. Source: backend-spec 2.3 and 7.2, "XSS".
"""

from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from fastclip import rules, share
from fastclip.api.html import Html, fill
from fastclip.errors import NotFound
from fastclip.library import Clip
from fastclip.store import rfc3339
from fastclip.store.blobs import address_for_others

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors "
)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<meta name="robots" content="noindex">
<title>$title</title>
$meta<link rel="icon" href="/mark.svg" type="image/svg+xml">
<link rel="stylesheet" href="/share.css">
</head>
<body class="$kind">
$body
</body>
</html>
"""
_META = '<meta property="$name" content="$value">\n'
_WATCH = """<header><a class="brand" href="/"><img src="/mark.svg" alt="" width="24" height="24">FastClip</a></header>
<main>
<div class="stage $media">$player</div>
<div class="about">
<div class="words">
<h1>$title</h1>
<p>$facts</p>
</div>
<a class="download" href="$download" download>Download</a>
</div>
</main>
<script src="/share.js" defer></script>"""
_EMBED = """<main class="stage $media">$player</main>
<a class="name" href="$page" target="_blank" rel="noopener">$title</a>
<script src="/share.js" defer></script>"""
_GONE = """<main class="gone">
<img src="/mark.svg" alt="" width="40" height="40">
<h1>This clip is no longer here</h1>
<p>It was deleted, or it expired. Clips that are not pinned are kept for 24 hours. Ask whoever sent you the link.</p>
</main>"""
_PLAYERS = {
    "video": '<video src="$src" $poster controls playsinline preload="metadata" data-clip="$clip" title="$title">'
    "</video>",
    "audio": '<p class="sound" aria-hidden="true"></p><audio src="$src" controls preload="metadata" data-clip="$clip" '
    'title="$title"></audio>',
    "gif": '<img src="$src" alt="$title" data-clip="$clip">',
}


@get("/c/{clip_id:str}", sync_to_thread=True, include_in_schema=False, opt={"rate": "share"})
def watch(clip_id: FromPath[str]) -> Response[str]:
    return _answer(clip_id, lambda clip: _watch(clip, address_for_others()), ancestors="'none'")


@get("/embed/{clip_id:str}", sync_to_thread=True, include_in_schema=False, opt={"rate": "share"})
def embed(clip_id: FromPath[str]) -> Response[str]:
    return _answer(clip_id, _embedded, ancestors="*")


def _answer(clip_id: str, page: Any, *, ancestors: str) -> Response[str]:
    headers = {"Content-Security-Policy": _POLICY + ancestors, "Cache-Control": "no-store"}
    try:
        body, status = page(share.find(clip_id)), 200
    except NotFound:
        body, status = fill(_PAGE, title="This clip is no longer here", meta=Html(), kind="lost", body=Html(_GONE)), 404
    return Response(body, status_code=status, media_type="text/html", headers=headers)


def _watch(clip: Clip, base: str) -> Html:
    said = share.describe(clip)
    body = fill(
        _WATCH,
        media=_media(clip),
        player=_player(clip, said),
        title=clip.title,
        facts=_facts(clip),
        download=said["download_url"],
    )
    return fill(_PAGE, title=f"{clip.title} · FastClip", meta=_meta(clip, said, base), kind="watch", body=body)


def _embedded(clip: Clip) -> Html:
    player = _player(clip, share.describe(clip))
    body = fill(_EMBED, media=_media(clip), player=player, title=clip.title, page=f"/c/{clip.id}")
    return fill(_PAGE, title=clip.title, meta=Html(), kind="embed", body=body)


def _player(clip: Clip, said: dict[str, Any]) -> Html:
    poster = fill('poster="$url"', url=said["thumbnail_url"]) if said["thumbnail_url"] else Html()
    return fill(_PLAYERS[_media(clip)], src=said["stream_url"], poster=poster, clip=clip.id, title=clip.title)


def _media(clip: Clip) -> str:
    return "gif" if clip.format == "gif" else clip.media_kind


def _facts(clip: Clip) -> Html:
    """`0:48 · MP4 · 12 views · until ...`; the number of views is what the script writes anew."""
    minutes, seconds = divmod(round(clip.duration_s), 60)
    facts = [Html(f"{minutes}:{seconds:02}"), fill("$format", format=clip.format.upper())]
    if clip.view_count_visible:
        facts.append(fill('<span data-views="$n">$said</span>', n=clip.views, said=views_said(clip.views)))
    if not clip.pinned:
        until = rfc3339(clip.expires_at) or ""
        facts.append(
            fill('kept until <time datetime="$at">$day UTC</time>', at=until, day=until[:16].replace("T", " "))
        )
    return Html(" · ".join(facts))


def views_said(count: int) -> str:
    return "1 view" if count == 1 else f"{count:,} views"


def _meta(clip: Clip, said: dict[str, Any], base: str) -> Html:
    """What other sites show where the link is posted (OpenGraph)."""
    kinds = {"video": "video.other", "audio": "music.song", "gif": "website"}
    rows = {"og:site_name": "FastClip", "og:title": clip.title, "og:type": kinds[_media(clip)]}
    rows["og:url"] = f"{base}/c/{clip.id}"
    if said["thumbnail_url"]:
        rows["og:image"] = base + _path(said["thumbnail_url"])
    if _media(clip) == "gif":
        rows["og:image"] = base + _path(said["stream_url"])
    else:
        rows[f"og:{clip.media_kind}"] = base + _path(said["stream_url"])
        rows[f"og:{clip.media_kind}:type"] = rules.CONTENT_TYPES[clip.format]
    rows["twitter:card"] = "summary_large_image" if "og:image" in rows else "summary"
    return Html("".join(fill(_META, name=name, value=value) for name, value in rows.items()))


def _path(url: str) -> str:
    """A link to our bytes without the address that this reader came by."""
    return url[url.index("/_s/") :]


routes = [watch, embed]
