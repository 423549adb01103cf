"""The built pages and their files, `/healthz` and `/readyz`.

The pages are built into `fastclip/ui/` by packaging; every address that the browser's own router knows gets
`index.html`. They load nothing from elsewhere, and the policy below holds them to it.
"""

import functools
import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

import fastclip
from fastclip import leases, rules, store
from fastclip.billing import payments
from fastclip.settings import Settings

FOLDER = Path(fastclip.__file__).parent / "ui"
ADDRESSES = ("", "studio", "captions", "library", "settings", "owner", "setup", "sign-in", "join", "reset")
"""First words of the addresses that the pages themselves know."""
POLICY = (
    # WebAssembly draws the captions; no script is made out of text.
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "style-src 'self' 'unsafe-inline'; connect-src 'self'; font-src 'self'; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
_STRIPE_FRAMES, _STRIPE_API = "https://hooks.stripe.com", "https://api.stripe.com"
# Litestar adds the charset to every text/.
_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".map": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".ttf": "font/ttf",
    ".otf": "font/otf",
    ".wasm": "application/wasm",
    ".txt": "text/plain",
    ".mp4": "video/mp4",
}
_NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>FastClip</title>
<style>body{font:16px/1.6 system-ui,sans-serif;max-width:36rem;margin:15vh auto;
padding:0 1.5rem}code{font-size:15px}
@media(prefers-color-scheme:dark){body{background:#14161a;color:#e8e8e8}a{color:#8ab4ff}}</style>
<h1>FastClip is running</h1><p>Its pages are not built. Stop it and start it with <code>packaging/run</code>, which
builds them.</p>
<p>The API works without them: <a href="/docs">its description</a>.</p></html>"""
_UNCOUNTED = {"rate": None}


@dataclass(frozen=True)
class _File:
    body: bytes
    etag: str
    media_type: str


def routes(settings: Settings, *, folder: Path = FOLDER) -> list[HTTPRouteHandler]:
    """Handlers of the pages in `folder` and of the two health checks."""

    @get("/healthz", sync_to_thread=False, opt=_UNCOUNTED)
    def healthz() -> dict[str, Any]:
        """Whether the server answers at all."""
        return {"ok": True, "version": fastclip.__version__}

    @get("/readyz", sync_to_thread=True, opt=_UNCOUNTED)
    def readyz() -> Response[dict[str, Any]]:
        """Whether it can work: rows, disk, worker. 503 says what is missing."""
        reasons = _missing(settings)
        return Response({"ok": not reasons, "reasons": reasons}, status_code=503 if reasons else 200)

    @get("/", sync_to_thread=True, opt=_UNCOUNTED, include_in_schema=False)
    def first_page(request: Request[Any, Any, Any]) -> Response[bytes]:
        return _page(request, folder, "")

    @get("/{path:path}", sync_to_thread=True, opt=_UNCOUNTED, include_in_schema=False)
    def page(request: Request[Any, Any, Any], path: FromPath[str]) -> Response[bytes]:
        return _page(request, folder, path.strip("/"))

    return [healthz, readyz, first_page, page]


def _missing(settings: Settings) -> list[str]:
    reasons = []
    try:
        store.db.execute_sql("select 1")
    except Exception as error:  # every database has its own
        reasons.append(f"the database does not answer ({type(error).__name__})")
    try:
        with tempfile.TemporaryFile(dir=settings.data_dir):
            pass
        if shutil.disk_usage(settings.data_dir).free < rules.FREE_DISK_MARGIN_BYTES:
            reasons.append("the disk is nearly full; uploads are refused")
    except OSError as error:
        reasons.append(f"the data folder cannot be written ({os.strerror(error.errno or 0)})")
    if not reasons and not leases.has_worker():
        reasons.append("no worker has been heard of lately; jobs wait")
    return reasons


def _page(request: Request[Any, Any, Any], folder: Path, path: str) -> Response[bytes]:
    file = _file_at(folder, path)
    if file is None and path.split("/")[0] not in ADDRESSES:
        raise NotFoundException
    file = file or _file_at(folder, "index.html")
    if file is None:
        return Response(_NOT_BUILT.encode(), media_type=_TYPES[".html"], headers={"Content-Security-Policy": POLICY})
    is_fixed = path.startswith("assets/")  # Vite names these by their content
    headers = {"ETag": file.etag, "Cache-Control": "public, max-age=31536000, immutable" if is_fixed else "no-cache"}
    if request.headers.get("if-none-match") == file.etag:
        return Response(b"", status_code=304, headers=headers)
    return Response(file.body, media_type=file.media_type, headers=headers | {"Content-Security-Policy": policy()})


def policy() -> str:
    """What the pages may load. Only where cards are taken also Stripe's own form, which must come from Stripe."""
    if not (js := payments.providers().get("stripe_js")):
        return POLICY
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(js))
    # A directive counts where it stands first, so the ones that are there are widened.
    widened = POLICY.replace("connect-src 'self'", f"connect-src 'self' {_STRIPE_API}")
    return (
        widened.replace("script-src 'self'", f"script-src 'self' {origin}") + f"; frame-src {origin} {_STRIPE_FRAMES}"
    )


def _file_at(folder: Path, path: str) -> _File | None:
    """The file at `path` below `folder`. None for nothing, for folders, and for what lies elsewhere."""
    found = (folder / path).resolve()
    if not path or not found.is_relative_to(folder.resolve()) or not found.is_file():
        return None
    return _read(found, found.stat().st_mtime_ns)


@functools.lru_cache(maxsize=256)
def _read(path: Path, _mtime_ns: int) -> _File:
    body = path.read_bytes()
    media_type = _TYPES.get(path.suffix.lower(), "application/octet-stream")
    return _File(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"', media_type)
