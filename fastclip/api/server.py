"""The process end of the web application: uvicorn with patience that ends, and signals that mean "stop", not "die".

uvicorn alone waits for ever on half a header or a stalled body (backend-spec 7.1: both open after 15 s and more), and
after its own shutdown raises SIGTERM again, so that a clean stop would end with code 143 (desktop.md 1.4).
"""

import asyncio
import logging
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import uvicorn
from litestar.concurrency import set_asyncio_executor
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from fastclip import signals

_log = logging.getLogger(__name__)
_THREADS = 40
_BUSY = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nretry-after: 5\r\nconnection: close\r\n\r\n"


@dataclass(frozen=True)
class Patience:
    """How long and how much one client may hold on to. unlimited: addresses that may speak for many (a proxy here)."""

    header_s: float = 10.0
    body_s: float = 30.0
    connections: int = 512
    per_address: int = 64
    unlimited: tuple[str, ...] = ("127.0.0.1", "::1")
    stop_s: int = 5


def serve(
    app: Any, sockets: list[socket.socket], should_stop: threading.Event, *, patience: Patience = Patience()
) -> None:
    """Serve `app` until `should_stop` is set, by anybody or by SIGTERM or SIGINT. Returns when all is closed."""
    signals.stop(should_stop)
    # Handlers run in these threads. asyncio's own pool has 6 on two cores, and one slow disk would fill it.
    set_asyncio_executor(ThreadPoolExecutor(_THREADS, thread_name_prefix="request"))
    config = uvicorn.Config(
        app,
        http=partial(_Protocol, patience=patience, open_from=Counter()),  # type: ignore[arg-type]
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=patience.connections,
        timeout_graceful_shutdown=patience.stop_s,
    )
    _Server(config, should_stop).run(sockets=sockets)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, should_stop: threading.Event) -> None:
        super().__init__(config)
        self._should_stop = should_stop

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or self._should_stop.is_set()


class _Protocol(HttpToolsProtocol):
    """One connection. It is closed when a request's header or the next piece of its body takes too long."""

    def __init__(self, *arguments: Any, patience: Patience, open_from: Counter[str], **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._patience, self._open_from = patience, open_from
        self._timer: asyncio.TimerHandle | None = None
        self._address = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._address = self.client[0] if self.client else ""
        self._open_from[self._address] += 1
        is_one = self._address not in self._patience.unlimited
        if is_one and self._open_from[self._address] > self._patience.per_address:
            transport.write(_BUSY)
            transport.close()
        else:
            self._wait(self._patience.header_s)

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait(None)
        self._open_from[self._address] -= 1
        if not self._open_from[self._address]:
            del self._open_from[self._address]
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._wait(self._patience.header_s)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._wait(self._patience.body_s)

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._wait(self._patience.body_s)

    def on_message_complete(self) -> None:
        self._wait(None)
        super().on_message_complete()

    def _wait(self, seconds: float | None) -> None:
        """Close after `seconds` unless something comes; None: the client owes us nothing."""
        if self._timer:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, self._give_up, seconds) if seconds else None

    def _give_up(self, seconds: float) -> None:
        if self.flow.read_paused:  # we are the slow ones: the body waits until the disk has taken what came
            self._wait(seconds)
        elif not self.transport.is_closing():
            _log.info("closing a connection from %s that said nothing for %s s", self._address, seconds)
            self.transport.abort()
