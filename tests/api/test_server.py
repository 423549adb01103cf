"""uvicorn with patience that ends: slow headers, stalled bodies, too many connections, and a stop that is no crash."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from fastclip.api.server import Patience
from tests.serving import running, until


async def _app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Reads the whole body and says how long it was."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        return await send({"type": "lifespan.shutdown.complete"})
    size, has_more = 0, True
    while has_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        size, has_more = size + len(message.get("body", b"")), message.get("more_body", False)
    body = str(size).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running(_app, patience=Patience(header_s=0.5, body_s=0.5, per_address=4), host="0.0.0.0") as opened:
        yield opened


def connect(address: str, source: str = "127.0.0.1") -> socket.socket:
    port = int(address.rsplit(":", 1)[1])
    return socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(source, 0))


def is_closed(sock: socket.socket) -> bool:
    try:
        return sock.recv(1000) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345",
    ],
)
def test_a_request_that_stalls_is_cut_off(address: str, begun: bytes) -> None:
    with closing(connect(address)) as sock:
        sock.sendall(begun)
        assert is_closed(sock)


def test_a_header_that_trickles_in_is_cut_off(address: str) -> None:
    def trickle(sock: socket.socket) -> bool:
        try:
            sock.sendall(b"X")
        except OSError:
            return True
        time.sleep(0.1)
        return False

    with closing(connect(address)) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
        assert until(lambda: trickle(sock))


def test_a_body_that_comes_slowly_but_steadily_is_taken(address: str) -> None:
    with closing(connect(address)) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n")
        for _ in range(10):
            time.sleep(0.15)
            sock.sendall(b"x")
        assert sock.recv(1000).endswith(b"\r\n\r\n10")


def test_a_connection_is_kept_between_requests(address: str) -> None:
    with closing(connect(address)) as sock:
        for _ in range(3):
            sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert b"200 OK" in sock.recv(1000)
            time.sleep(0.7)  # longer than a header may take


def test_one_address_gets_so_many_connections_and_this_machine_all_it_wants(address: str) -> None:
    held = [connect(address, "127.0.0.2") for _ in range(4)]
    with closing(connect(address, "127.0.0.2")) as one_too_many:
        assert b" 503 " in one_too_many.recv(1000)
    for sock in held:
        sock.close()

    def is_served() -> bool:
        with closing(connect(address, "127.0.0.2")) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            return b"200 OK" in sock.recv(1000)

    assert until(is_served)
    local = [connect(address) for _ in range(20)]
    assert httpx.get(address).status_code == 200
    for sock in local:
        sock.close()


@pytest.mark.slow
def test_with_the_usual_patience_a_slow_header_is_cut_off_after_ten_seconds() -> None:
    with running(_app) as address, closing(connect(address)) as sock:
        began = time.monotonic()
        sock.sendall(b"GET / HTTP/1.1\r\n")
        assert is_closed(sock)
        assert time.monotonic() - began > 9


_PROCESS = """
import socket, sys, threading
sys.path.insert(0, {here!r})
from fastclip.api import server
from tests.api.test_server import _app
sock = socket.socket(); sock.bind(("127.0.0.1", 0)); sock.listen(8)
print(sock.getsockname()[1], flush=True)
server.serve(_app, [sock], threading.Event())
print("after", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_a_clean_end(number: signal.Signals) -> None:
    here = str(Path(__file__).parents[2])
    process = subprocess.Popen(
        [sys.executable, "-c", _PROCESS.format(here=here)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": here},
    )
    assert process.stdout
    port = process.stdout.readline().strip()
    assert until(lambda: _is_up(port))
    process.send_signal(number)
    assert process.wait(15) == 0
    assert process.stdout.read() == "after\n"


def _is_up(port: str) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/").status_code == 200
    except httpx.TransportError:
        return False
