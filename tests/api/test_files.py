"""Bytes over a real socket: what half a request leaves, what a second one finds, what a crash keeps."""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from litestar import Litestar
from litestar.exceptions import HTTPException

from fastclip.api import files
from fastclip.api.edge import edge
from fastclip.api.hosts import Hosts
from fastclip.api.refusals import answer
from fastclip.errors import Conflict, FastClipError, NotFound
from fastclip.settings import Settings
from fastclip.store.blobs import DiskBlobs
from tests.serving import running, until

KEY = "uploads/ab/upl_abc"
MIB = 1 << 20
SECRET = b"s" * 32


class Desk:
    """A disk store behind its links, and what `uploads` would say."""

    def __init__(self, root: Path) -> None:
        self.disk = DiskBlobs(root, SECRET)
        self.received: list[str] = []
        self.refusal: FastClipError | None = None
        self.address = ""

    def may_receive(self, key: str) -> None:
        if self.refusal:
            raise self.refusal
        if key in self.received:
            raise Conflict("This upload is processing already.")

    def put_url(self, size_bytes: int, key: str = KEY) -> str:
        return self.disk.put_url(key, size_bytes=size_bytes, content_type="video/mp4", ttl_s=60)

    def get_url(self, key: str = KEY) -> str:
        return self.disk.get_url(key, filename="a.mp4", content_type="video/mp4", ttl_s=60)

    def put(self, url: str, body: bytes, kind: str = "video/mp4") -> httpx.Response:
        return httpx.put(self.address + url, content=body, headers={"Content-Type": kind}, timeout=30)

    def begin(self, url: str, announced: int, sent: bytes) -> socket.socket:
        """A PUT that stops after `sent`."""
        parts = urlsplit(self.address)
        sock = socket.create_connection((parts.hostname or "", parts.port or 0))
        head = (
            f"PUT {url} HTTP/1.1\r\nHost: localhost\r\nContent-Type: video/mp4\r\nContent-Length: {announced}\r\n\r\n"
        )
        sock.sendall(head.encode() + sent)
        return sock

    def kept(self) -> list[str]:
        root = self.disk._root
        return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "blobs")
    route = files.route(desk.disk, may_receive=desk.may_receive, on_received=desk.received.append)
    app = Litestar(
        [route],
        exception_handlers={FastClipError: answer, HTTPException: answer, Exception: answer},
        openapi_config=None,
        logging_config=None,
    )
    app.asgi_handler = edge(app.asgi_handler, Hosts(Settings(tmp_path)))
    with running(app) as address:
        desk.address = address
        yield desk


# -- In ----------------------------------------------------------------------------------------------------


def test_a_whole_file_is_told_of_once_and_takes_no_second(desk: Desk) -> None:
    url, body = desk.put_url(3 * MIB), os.urandom(3 * MIB)
    first = desk.put(url, body)
    assert first.status_code == 200 and first.headers["etag"] == f'"{hashlib.sha256(body).hexdigest()}"'
    assert first.headers["access-control-expose-headers"] == "ETag"
    assert desk.received == [KEY]
    second = desk.put(url, bytes(3 * MIB))
    assert second.status_code == 409
    assert desk.received == [KEY] and desk.kept() == [KEY]
    assert (desk.disk._root / KEY).read_bytes() == body


@pytest.mark.parametrize(("refusal", "status"), [(Conflict("It failed."), 409), (NotFound("It is gone."), 404)])
def test_bytes_that_nobody_awaits_are_refused(desk: Desk, refusal: FastClipError, status: int) -> None:
    desk.refusal = refusal
    assert desk.put(desk.put_url(10), bytes(10)).status_code == status
    assert desk.kept() == [] and desk.received == []


def test_of_two_senders_of_one_file_the_first_to_end_wins_and_the_file_is_whole(desk: Desk) -> None:
    url = desk.put_url(4 * MIB)
    slow = desk.begin(url, 4 * MIB, b"s" * MIB)
    assert desk.put(url, b"f" * 4 * MIB).status_code == 200
    slow.sendall(b"s" * 3 * MIB)
    assert slow.recv(100).startswith(b"HTTP/1.1 409")
    slow.close()
    assert (desk.disk._root / KEY).read_bytes() == b"f" * 4 * MIB
    assert until(lambda: desk.kept() == [KEY]) and desk.received == [KEY]


@pytest.mark.parametrize(
    ("announced", "status", "code"), [(9, 400, "invalid_request"), (0, 400, "invalid_request"), (11, 413, "too_large")]
)
def test_another_length_is_refused_before_its_bytes(desk: Desk, announced: int, status: int, code: str) -> None:
    said = desk.put(desk.put_url(10), bytes(announced))
    assert (said.status_code, said.json()["code"]) == (status, code)
    assert desk.kept() == []


@pytest.mark.parametrize(("sent", "status"), [(9, 400), (11, 413), (3 * MIB, 413)])
def test_a_body_without_a_length_is_counted_as_it_comes(desk: Desk, sent: int, status: int) -> None:
    def chunks() -> Iterator[bytes]:
        yield bytes(sent)

    said = httpx.put(desk.address + desk.put_url(10), content=chunks(), headers={"Content-Type": "video/mp4"})
    assert said.status_code == status
    assert desk.kept() == [] and desk.received == []


def test_a_refusal_comes_before_the_body_when_the_client_waits_for_it(desk: Desk) -> None:
    parts = urlsplit(desk.address)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5) as sock:
        for url, first in ((desk.put_url(10) + "0", b"HTTP/1.1 403"), (desk.put_url(10), b"HTTP/1.1 100")):
            head = f"PUT {url} HTTP/1.1\r\nHost: localhost\r\nContent-Type: video/mp4\r\nContent-Length: 10\r\n"
            sock.sendall(head.encode() + b"Expect: 100-continue\r\n\r\n")
            if first.endswith(b"100"):
                assert sock.recv(4096).startswith(first)
                sock.sendall(bytes(10))
                assert sock.recv(4096).startswith(b"HTTP/1.1 200")
            else:
                assert sock.recv(4096).startswith(first)
                sock.sendall(bytes(10))


def test_a_wrong_type_says_so(desk: Desk) -> None:
    said = desk.put(desk.put_url(3), b"abc", "text/html")
    assert said.status_code == 403 and said.json()["code"] == "link_invalid"
    assert "SignatureDoesNotMatch" in said.json()["error"]


def test_a_client_that_goes_away_leaves_nothing(desk: Desk) -> None:
    sock = desk.begin(desk.put_url(5 * MIB), 5 * MIB, bytes(3 * MIB))
    assert until(lambda: any(name.startswith(".arriving") for name in desk.kept()))
    sock.close()
    assert until(lambda: desk.kept() == [])
    assert desk.received == []


def test_a_client_that_goes_away_amid_a_part_leaves_the_other_parts(desk: Desk) -> None:
    upload_id = desk.disk.begin_parts(KEY, size_bytes=4 * MIB, part_bytes=2 * MIB)
    urls = [desk.disk.part_url(KEY, upload_id, n, size_bytes=2 * MIB, ttl_s=60) for n in (1, 2)]
    body = os.urandom(4 * MIB)
    etags = [desk.put(urls[0], body[: 2 * MIB]).headers["etag"].strip('"')]
    desk.begin(urls[1], 2 * MIB, b"x" * MIB).close()
    assert until(lambda: not desk.disk._parts._newest)
    assert list(desk.disk.parts(KEY, upload_id)) == [1]
    etags.append(desk.put(urls[1], body[2 * MIB :]).headers["etag"].strip('"'))
    desk.disk.finish_parts(KEY, upload_id, etags)
    assert (desk.disk._root / KEY).read_bytes() == body


def test_parts_sent_side_by_side_land_each_in_its_place(desk: Desk) -> None:
    size, count = 3 * MIB, 8
    body = os.urandom(size * count - 12_345)
    upload_id = desk.disk.begin_parts(KEY, size_bytes=len(body), part_bytes=size)
    etags: dict[int, str] = {}

    def send(number: int) -> None:
        part = body[(number - 1) * size : number * size]
        url = desk.disk.part_url(KEY, upload_id, number, size_bytes=len(part), ttl_s=60)
        etags[number] = desk.put(url, part).headers["etag"].strip('"')

    threads = [threading.Thread(target=send, args=(n + 1,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    desk.disk.finish_parts(KEY, upload_id, [etags[n + 1] for n in range(count)])
    assert (desk.disk._root / KEY).read_bytes() == body


_SERVER = """
import sys, threading, socket
from pathlib import Path
sys.path.insert(0, {here!r})
from litestar import Litestar
from fastclip.api import files, server
from fastclip.store.blobs import DiskBlobs
disk = DiskBlobs(Path({root!r}), b"s" * 32)
route = files.route(disk, may_receive=lambda key: None, on_received=lambda key: None)
app = Litestar([route], openapi_config=None, logging_config=None)
sock = socket.socket(); sock.bind(("127.0.0.1", 0)); sock.listen(64)
print(sock.getsockname()[1], flush=True)
server.serve(app, [sock], threading.Event())
"""


def _served(root: Path) -> tuple[subprocess.Popen[str], str]:
    code = _SERVER.format(here=str(Path(__file__).parents[2]), root=str(root))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    return process, f"http://127.0.0.1:{process.stdout.readline().strip()}"


def test_after_a_kill_amid_parts_every_acknowledged_one_is_there_and_the_rest_is_sent_again(tmp_path: Path) -> None:
    size, count = 2 * MIB, 6
    body = os.urandom(size * count)
    disk = DiskBlobs(tmp_path, SECRET)
    upload_id = disk.begin_parts(KEY, size_bytes=len(body), part_bytes=size)
    etags: dict[int, str] = {}
    for _ in range(4):
        process, address = _served(tmp_path)
        try:
            url = {n: disk.part_url(KEY, upload_id, n, size_bytes=size, ttl_s=60) for n in range(1, count + 1)}
            missing = [n for n in url if n not in disk.parts(KEY, upload_id)]
            etags[missing[0]] = _sent(address + url[missing[0]], body, missing[0], size)
            if len(missing) > 1:  # half of one more, and of one that was acknowledged already
                for half in {missing[1], min(etags)}:
                    _send_half(address, url[half], size, body[(half - 1) * size : (half - 1) * size + size // 2])
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        there = disk.parts(KEY, upload_id)
        for number, part in there.items():
            assert part.etag == hashlib.sha256(body[(number - 1) * size : number * size]).hexdigest()
    process, address = _served(tmp_path)
    try:
        for n in range(1, count + 1):
            if n not in disk.parts(KEY, upload_id):
                _sent(address + disk.part_url(KEY, upload_id, n, size_bytes=size, ttl_s=60), body, n, size)
        disk.finish_parts(KEY, upload_id, [part.etag for _, part in sorted(disk.parts(KEY, upload_id).items())])
    finally:
        process.terminate()
        assert process.wait(10) == 0
    assert (tmp_path / KEY).read_bytes() == body


def _sent(url: str, body: bytes, number: int, size: int) -> str:
    said = httpx.put(url, content=body[(number - 1) * size : number * size])
    assert said.status_code == 200
    return said.headers["etag"].strip('"')


def _send_half(address: str, url: str, size: int, half: bytes) -> None:
    parts = urlsplit(address)
    sock = socket.create_connection((parts.hostname or "", parts.port or 0))
    sock.sendall(f"PUT {url} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n".encode() + half)
    time.sleep(0.1)  # let it reach the file before the kill


# -- Out ---------------------------------------------------------------------------------------------------


@pytest.fixture
def stored(desk: Desk, tmp_path: Path) -> bytes:
    body = os.urandom(3 * MIB + 5)
    (tmp_path / "made").write_bytes(body)
    desk.disk.save(KEY, tmp_path / "made")
    return body


def test_head_says_what_get_would(desk: Desk, stored: bytes) -> None:
    for headers in ({}, {"Range": "bytes=5-9"}):
        got, head = (
            httpx.request(method, desk.address + desk.get_url(), headers=headers) for method in ("GET", "HEAD")
        )
        assert head.content == b"" and head.status_code == got.status_code
        for name in ("content-length", "content-type", "etag", "accept-ranges", "content-disposition"):
            assert head.headers[name] == got.headers[name], name


def test_several_ranges_at_once_get_the_whole_file(desk: Desk, stored: bytes) -> None:
    got = httpx.get(desk.address + desk.get_url(), headers={"Range": "bytes=0-1,5-6"})
    assert got.status_code == 200 and got.content == stored


def test_a_player_resumes_only_in_the_same_file(desk: Desk, stored: bytes, tmp_path: Path) -> None:
    url = desk.address + desk.get_url()
    etag = httpx.get(url).headers["etag"]
    headers = {"Range": "bytes=100-199", "If-Range": etag}
    assert httpx.get(url, headers=headers).content == stored[100:200]
    assert httpx.get(url, headers={"If-None-Match": etag}).status_code == 304
    (tmp_path / "made").write_bytes(b"another file")
    desk.disk.save(KEY, tmp_path / "made")
    assert httpx.get(url, headers=headers).content == b"another file"


def test_downloads_stay_with_this_site_and_are_never_pages(desk: Desk, stored: bytes) -> None:
    got = httpx.get(
        desk.address + desk.disk.get_url(KEY, filename="x.html", content_type="text/html", ttl_s=60, inline=True)
    )
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["cross-origin-resource-policy"] == "same-origin"
    assert got.headers["cache-control"].startswith("private")


def test_a_player_that_goes_away_lets_go_of_the_file(desk: Desk, tmp_path: Path) -> None:
    with open(tmp_path / "made", "wb") as made:
        made.truncate(2_000_000_000)
    desk.disk.save(KEY, tmp_path / "made")
    with httpx.stream("GET", desk.address + desk.get_url()) as got:
        next(got.iter_raw(1000))
    opened = lambda: [fd for fd in os.listdir("/proc/self/fd") if _target(fd).endswith("upl_abc")]  # noqa: E731
    assert until(lambda: not opened())


def _target(fd: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{fd}")
    except OSError:
        return ""
