"""How fast a large file comes in: multipart over loopback, beside nginx's dav PUT and `dd` on the same disk.

`python -m tests.bench.upload --megabytes 1000`: every sender is the same one (sendfile from the page cache, four at a
time); nginx neither hashes nor waits for the disk, FastClip does both before it acknowledges a part.
"""

import argparse
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from fastclip.rules import DEFAULT_PART_BYTES, MB
from tests.bench.report import serving, show
from tests.contracts.conftest import free_port
from tests.journeys.conftest import Running, until

AT_ONCE = 4

NGINX = """
user root; worker_processes 2; daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off; client_max_body_size 0; client_body_temp_path {folder}/temp;
  server {{ listen 127.0.0.1:{port}; location / {{ root {folder}/kept; dav_methods PUT; }} }}
}}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="where all of them write")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fastclip-bench-", dir=given.folder) as made:
        source = Path(made) / "source.mp4"
        write(source, given.megabytes * MB)
        dd_s = timed_dd(source, Path(made) / "copy")
        nginx_s = timed_nginx(source, Path(made))
        fastclip_s, complete_s, grown_mb = timed_fastclip(source, Path(made))
    mb = given.megabytes
    rows = [
        ("dd conv=fdatasync", mb / dd_s, mb / nginx_s),
        ("nginx dav PUT, 4 at a time (reference)", mb / nginx_s, None),
        ("FastClip multipart, 4 parts at a time", mb / fastclip_s, mb / nginx_s),
    ]
    show(f"{mb} MB in parts of 32 MiB", rows, "MB/s")
    print(f"  complete answered after {complete_s * 1000:.0f} ms; the server's peak grew by {grown_mb:.0f} MB")


def write(path: Path, size: int) -> None:
    block = os.urandom(8 * MB)
    with open(path, "wb") as out:
        for at in range(0, size, len(block)):
            out.write(block[: size - at])


def spans(source: Path) -> list[tuple[int, int]]:
    size = source.stat().st_size
    return [(at, min(DEFAULT_PART_BYTES, size - at)) for at in range(0, size, DEFAULT_PART_BYTES)]


def timed_dd(source: Path, target: Path) -> float:
    began = time.monotonic()
    words = ["dd", f"if={source}", f"of={target}", "bs=1M", "conv=fdatasync", "status=none"]
    subprocess.run(words, check=True)
    took = time.monotonic() - began
    target.unlink()
    return took


def timed_nginx(source: Path, folder: Path) -> float:
    with nginx(folder) as url:
        began = time.monotonic()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            urls = [f"{url}/{n}" for n in range(len(spans(source)))]
            list(pool.map(lambda one: send(source, one[0], *one[1]), zip(urls, spans(source), strict=True)))
        took = time.monotonic() - began
    shutil.rmtree(folder / "kept")
    return took


@contextmanager
def nginx(folder: Path) -> Iterator[str]:
    for name in ("kept", "temp"):
        (folder / name).mkdir()
    port = free_port()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    process = subprocess.Popen([program, "-c", str(folder / "nginx.conf")])
    try:
        until(lambda: not closing(socket.socket()).__enter__().connect_ex(("127.0.0.1", port)))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def timed_fastclip(source: Path, folder: Path) -> tuple[float, float, float]:
    """(seconds until `complete` answered, of which for `complete`, MB by which the server's peak grew)."""
    with serving("--no-worker", folder=folder) as server:
        person = server.person()
        parts = spans(source)
        asked = {"filename": source.name, "content_type": "video/mp4", "file_size": source.stat().st_size}
        before = peak_mb(server)
        began = time.monotonic()
        begun = person.post(
            "/v1/upload/multipart/initiate", **asked, part_size=DEFAULT_PART_BYTES, part_count=len(parts)
        ).json()
        urls = [part["url"] for part in begun["parts"]]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            etags = list(pool.map(lambda one: send(source, one[0], *one[1]), zip(urls, parts, strict=True)))
        sent = time.monotonic()
        named = [{"part_number": n, "etag": etag} for n, etag in enumerate(etags, 1)]
        ids = {"file_id": begun["file_id"], "upload_id": begun["upload_id"]}
        person.post("/v1/upload/multipart/complete", **ids, parts=named).raise_for_status()
        ended = time.monotonic()
        return ended - began, ended - sent, peak_mb(server) - before


def peak_mb(server: Running) -> float:
    """The most memory that the server ever had resident (Linux)."""
    (line,) = [row for row in Path(f"/proc/{server.process.pid}/status").read_text().splitlines() if "VmHWM" in row]
    return int(line.split()[1]) * 1024 / MB


def send(source: Path, url: str, offset: int, count: int) -> str:
    """PUT these bytes of the file, straight from the page cache; the ETag, if there is one."""
    parts = urlsplit(url)
    with open(source, "rb") as file, socket.create_connection((parts.hostname or "", parts.port or 80), 60) as sock:
        path = parts.path + ("?" + parts.query if parts.query else "")
        head = f"PUT {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: {count}\r\nConnection: close\r\n\r\n"
        sock.sendall(head.encode())
        sock.sendfile(file, offset, count)
        answer = b""
        while block := sock.recv(65536):
            answer += block
    status, *lines = answer.split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    assert status.split()[1] in ("200", "201", "204"), answer
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return headers.get("etag", "").strip('"')


if __name__ == "__main__":
    main()
