"""The part of Stripe that localstripe lacks: disputes. It stands before localstripe, and hands it everything else."""

import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx


class Disputes:
    """What card holders and banks contest; as Stripe shows it, in what we read of it."""

    def __init__(self) -> None:
        self.listed: list[dict[str, Any]] = []

    def become(self, intent: str, status: str, *, amount: int) -> None:
        """Open a dispute about a payment, or bring the one there is to another state."""
        for one in self.listed:
            if one["payment_intent"] == intent:
                one["status"] = status
                return
        made = {"id": f"dp_{secrets.token_hex(8)}", "object": "dispute", "created": int(time.time())}
        self.listed.insert(0, made | {"payment_intent": intent, "amount": amount, "status": status, "currency": "usd"})


@contextmanager
def before(localstripe: str, disputes: Disputes) -> Iterator[str]:
    """The address of both together."""
    client = httpx.Client(base_url=localstripe, timeout=30)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path != "/v1/disputes":
                return self._pass_on()
            about = parse_qs(parts.query).get("payment_intent", [])
            found = [one for one in disputes.listed if not about or one["payment_intent"] in about]
            body = {"object": "list", "url": "/v1/disputes", "has_more": False, "data": found}
            self._say(200, "application/json", json.dumps(body).encode())

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kept = {name: value for name, value in self.headers.items() if name.lower() not in _OF_THE_CONNECTION}
            said = client.request(self.command, self.path, headers=kept, content=body)
            self._say(said.status_code, said.headers.get("content-type", "application/json"), said.content)

        do_POST = do_DELETE = _pass_on  # noqa: N815

        def _say(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *_: object) -> None: ...

    with client, Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


_OF_THE_CONNECTION = ("host", "connection", "content-length", "accept-encoding", "transfer-encoding")
