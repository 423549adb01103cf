"""A web application on a real socket, for tests where bytes, connections or signals matter."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastclip.api import server
from fastclip.api.server import Patience


@contextmanager
def running(app: Any, *, patience: Patience | None = None, host: str = "127.0.0.1") -> Iterator[str]:
    """Its address, `http://127.0.0.1:port`, while it runs."""
    sock = socket.socket()
    sock.bind((host, 0))
    sock.listen(128)
    should_stop = threading.Event()
    thread = threading.Thread(
        target=server.serve, args=(app, [sock], should_stop), kwargs={"patience": patience or Patience()}
    )
    address = f"http://127.0.0.1:{sock.getsockname()[1]}"
    thread.start()
    try:
        yield address
    finally:
        should_stop.set()
        thread.join(20)
        assert not thread.is_alive(), "the server did not stop"


def until(is_so: Any, seconds: float = 10) -> bool:
    """Whether `is_so()` came true within `seconds`."""
    end = time.monotonic() + seconds
    while not (so := is_so()) and time.monotonic() < end:
        time.sleep(0.02)
    return bool(so)
