"""A hub of our own: the model hub's answers for one repository, on loopback, with Range and a line that can break."""

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

REVISION = "a" * 40
LARGE = ("model.bin", ".gguf")


class Hub:
    """breaks_after: bytes of model.bin after which the line goes down, once. spoiled: model.bin has a wrong byte.

    may_end: cleared, the second half of a model waits until it is set. may_answer: the same for the list of files.
    """

    def __init__(self, folder: Path) -> None:
        self.files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
        self.breaks_after: int | None = None
        self.spoiled = False
        self.may_end = threading.Event()
        self.may_end.set()
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.asked: list[tuple[str, str | None]] = []
        self.url = ""

    def siblings(self) -> list[dict]:
        rows = []
        for name, body in self.files.items():
            row: dict = {"rfilename": name, "size": len(body), "blobId": "b" * 40}
            if name.endswith(LARGE):
                row["lfs"] = {"sha256": hashlib.sha256(body).hexdigest(), "size": len(body), "pointerSize": 130}
            rows.append(row)
        return rows


@contextmanager
def serving(folder: Path) -> Iterator[Hub]:
    hub = Hub(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/api/models/"):
                hub.may_answer.wait(60)
                repo = self.path.removeprefix("/api/models/").split("/revision")[0].split("?")[0]
                self._send(json.dumps({"id": repo, "sha": REVISION, "siblings": hub.siblings()}).encode())
                return
            name = self.path.split("?")[0].rsplit("/", 1)[-1]
            hub.asked.append((name, self.headers.get("Range")))
            body = hub.files[name]
            if hub.spoiled and name.endswith(LARGE):
                body = body[:-1] + bytes([body[-1] ^ 1])
            found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
            self._send(body[int(found[1]) :] if found else body, status=206 if found else 200, name=name)

        def _send(self, body: bytes, *, status: int = 200, name: str = "") -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if name.endswith(LARGE) and hub.breaks_after is not None:
                body, hub.breaks_after = body[: hub.breaks_after], None
            if name.endswith(LARGE):
                self.wfile.write(body[: len(body) // 2])
                body = body[len(body) // 2 :]
                hub.may_end.wait(60)
            with suppress(OSError):  # who asked may have gone
                self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
