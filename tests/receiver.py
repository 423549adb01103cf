"""A receiver of webhooks on this machine: what came, and answers as a test wants them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Came:
    """One request that arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def delivery_id(self) -> str:
        return self.headers["x-fastclip-delivery-id"]


@dataclass
class Receiver:
    """answer: from a request to a status, or to raw bytes; None closes the connection without a word."""

    port: int
    answer: Callable[[Came], int | bytes | None] = lambda came: 200
    came: list[Came] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?from=fastclip"


@contextmanager
def receiving(*, host: str = "127.0.0.1") -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            one = Came(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            receiver.came.append(one)
            said = receiver.answer(one)
            if isinstance(said, bytes):
                self.wfile.write(said)
            elif said is not None:
                self.send_response(said)
                self.send_header("Content-Length", "0")
                if 300 <= said < 400:
                    self.send_header("Location", f"{receiver.url}&redirected=1")
                self.end_headers()
            self.close_connection = True

        def log_message(self, *args: object) -> None: ...

    class Server(ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True

        def handle_error(self, *args: object) -> None: ...

    with Server((host, 0), Handler) as server:
        receiver = Receiver(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
