"""Bytes in and out by signed link: PUT whole files and parts, GET and HEAD with ranges. No account is looked at here.

Source: API reference, "Upload-First Flow"; backend-spec 2.1 (PUT rows) and 7.1 item 8. Blocks of 1 MiB go to a thread
one at a time, so that the loop stays free and the GIL changes hands once a block: measured in desktop.md 6.
"""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from litestar import asgi
from litestar.datastructures import Headers
from litestar.exceptions import MethodNotAllowedException
from litestar.handlers import ASGIRouteHandler
from litestar.types import HTTPScope, Receive, Scope, Send

from fastclip.api.headers import Served, disposition, media_type, served
from fastclip.api.refusals import Disconnected
from fastclip.errors import InvalidRequest, NotAllowed, TooLarge
from fastclip.store.arrivals import Arrival
from fastclip.store.blobs import DiskBlobs
from fastclip.store.links import PATH, Link

BLOCK_BYTES = 1 << 20
_THREADS = 16
_DOWNLOAD = {"Cache-Control": "private, max-age=3600", "Cross-Origin-Resource-Policy": "same-origin"}
_EXPOSED = {"Access-Control-Expose-Headers": "ETag"}


def route(
    disk: DiskBlobs,
    *,
    may_receive: Callable[[str], None],
    on_received: Callable[[str], None],
    on_downloaded: Callable[[str], None] = lambda key: None,
) -> ASGIRouteHandler:
    """The handler of every link to `disk`.

    may_receive(key) raises when no bytes are awaited there; on_received(key) is told when a whole file has come. The
    parts of a file need neither: their folder is there while they are awaited, and `complete` is what ends them.
    on_downloaded(key) is told when a file was sent from its beginning to be kept, not to be played in a page.
    """
    files = _Files(disk, may_receive, on_received, on_downloaded)

    @asgi(PATH.rstrip("/"), is_mount=True, copy_scope=False, opt={"rate": None})
    async def signed_links(scope: Scope, receive: Receive, send: Send) -> None:
        await files.answer(cast(HTTPScope, scope), receive, send)

    return signed_links


class _Files:
    def __init__(
        self,
        disk: DiskBlobs,
        may_receive: Callable[[str], None],
        on_received: Callable[[str], None],
        on_downloaded: Callable[[str], None],
    ) -> None:
        self._disk, self._may_receive, self._on_received = disk, may_receive, on_received
        self._on_downloaded = on_downloaded
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="bytes")
        self._last_steps = [threading.Lock() for _ in range(64)]

    async def answer(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        method, key = scope["method"], scope["path"].strip("/")
        if method not in ("GET", "HEAD", "PUT"):
            raise MethodNotAllowedException(headers={"allow": "GET, PUT"})
        link = self._disk.links.read(method, key, scope["query_string"].decode("latin-1"))
        if method == "PUT":
            await self._put(link, Headers(scope["headers"]), receive, send)
        else:
            await self._get(link, scope, receive, send)

    def _run(self, function: Callable[..., Any], *arguments: Any) -> asyncio.Future[Any]:
        return asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)

    # -- In ------------------------------------------------------------------------------------------------

    async def _put(self, link: Link, headers: Headers, receive: Receive, send: Send) -> None:
        _check_announced(link, headers)
        arrival: Arrival = await self._run(self._begin, link)
        try:
            await self._take(receive, arrival)
            etag = await self._run(self._keep, link, arrival)
        finally:
            await asyncio.shield(self._run(arrival.drop))
        await _start(send, 200, {"ETag": f'"{etag}"', "Content-Length": "0", **_EXPOSED})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _begin(self, link: Link) -> Arrival:
        if link.upload:
            return self._disk.arrive_part(link.key, link.upload, link.part, size_bytes=link.len)
        self._may_receive(link.key)
        return self._disk.arrive(link.key, size_bytes=link.len)

    async def _take(self, receive: Receive, arrival: Arrival) -> None:
        """Hand the body over, one block in flight: while it is written, the next one is collected."""
        writing: asyncio.Future[None] | None = None
        try:
            async for block in _blocks(receive):
                if writing:
                    await writing
                writing = self._run(arrival.write, block)
            if writing:
                await writing
        finally:
            if writing:  # the file must not be closed under a thread that is writing it
                await asyncio.shield(asyncio.gather(writing, return_exceptions=True))

    def _keep(self, link: Link, arrival: Arrival) -> str:
        if link.upload:
            return arrival.keep()
        # Two senders of one file: the second one must see that the first has come, and not swap a checked file.
        with self._last_steps[hash(link.key) % len(self._last_steps)]:
            self._may_receive(link.key)
            etag = arrival.keep()
            self._on_received(link.key)
            return etag

    # -- Out -----------------------------------------------------------------------------------------------

    async def _get(self, link: Link, scope: HTTPScope, receive: Receive, send: Send) -> None:
        fd = await self._run(self._disk.open, link.key)
        try:
            what = served(Headers(scope["headers"]), os.fstat(fd))
            headers = {"Content-Type": media_type(link.type), "Content-Disposition": _said(link)}
            await _start(send, what.status, {**what.headers, **headers, **_DOWNLOAD, **_EXPOSED})
            if scope["method"] == "GET" and what.length:
                await self._send(fd, what, receive, send)
                if not link.inline and what.start == 0:
                    await self._run(self._on_downloaded, link.key)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await asyncio.shield(self._run(os.close, fd))

    async def _send(self, fd: int, what: Served, receive: Receive, send: Send) -> None:
        """The bytes, read one block ahead, until they or the client end."""
        gone = asyncio.ensure_future(_until_gone(receive))
        os.lseek(fd, what.start, os.SEEK_SET)
        left = what.length
        reading = self._run(os.read, fd, min(BLOCK_BYTES, left))
        try:
            while left and not gone.done():
                block = await reading
                if not block:
                    raise OSError(f"{left} bytes are missing at the end of a stored file")
                left -= len(block)
                if left:
                    reading = self._run(os.read, fd, min(BLOCK_BYTES, left))
                await send({"type": "http.response.body", "body": block, "more_body": True})
        finally:
            gone.cancel()
            await asyncio.shield(asyncio.gather(reading, return_exceptions=True))


def _check_announced(link: Link, headers: Headers) -> None:
    """Refuse before the first byte what is not what the link was made for."""
    kind = headers.get("content-type", "")
    if link.type and kind.strip().lower() != link.type.strip().lower():
        said = f"Content-Type is {kind or 'missing'}, but the link was signed for {link.type} (SignatureDoesNotMatch)."
        raise NotAllowed(said, code="link_invalid")
    length = headers.get("content-length")
    if length is None or int(length) == link.len:
        return
    said = f"Content-Length is {length}, but the link was signed for {link.len} bytes."
    raise TooLarge(said) if int(length) > link.len else InvalidRequest(said)


async def _blocks(receive: Receive) -> AsyncIterator[bytes]:
    """The body in blocks of about 1 MiB. Raises Disconnected."""
    held: list[bytes] = []
    size, has_more = 0, True
    while has_more:
        message: Any = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        body = message.get("body", b"")
        held.append(body)
        size, has_more = size + len(body), message.get("more_body", False)
        if size and (size >= BLOCK_BYTES or not has_more):
            yield b"".join(held)
            held, size = [], 0


async def _until_gone(receive: Receive) -> None:
    """Return when the client has gone: `send` says nothing about it, and would let a whole file be read for nobody."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _start(send: Send, status: int, headers: dict[str, str]) -> None:
    lines = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": lines})


def _said(link: Link) -> str:
    return disposition(link.name, inline=bool(link.inline))
