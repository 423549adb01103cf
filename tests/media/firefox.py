"""Firefox, driven by its own wire protocol (Marionette): Debian's is none that Playwright knows."""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAM = shutil.which("firefox-esr") or shutil.which("firefox")
_PREFERENCES = {"marionette.port": 0, "media.autoplay.default": 0, "app.update.disabledForTesting": True}
_PATIENCE_S = 120.0


class Firefox:
    """One tab. Commands are `[0, number, name, parameters]`, each message with its length in front."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_S)
        self._stream = self._socket.makefile("rb")
        self._count = 0
        self._read()  # its greeting
        self._ask("WebDriver:NewSession")
        self._ask("WebDriver:SetTimeouts", script=int(_PATIENCE_S * 1000))

    def show(self, url: str) -> None:
        self._ask("WebDriver:Navigate", url=url)

    def evaluate(self, function: str, argument: Any) -> Any:
        """What the (asynchronous) JavaScript function answers to the argument."""
        script = f"({function})(arguments[0]).then(arguments[1], error => arguments[1]({{error: String(error)}}))"
        answer = self._ask("WebDriver:ExecuteAsyncScript", script=script, args=[argument])["value"]
        assert not (isinstance(answer, dict) and "error" in answer), answer
        return answer

    def close(self) -> None:
        self._socket.close()

    def _ask(self, name: str, **parameters: Any) -> dict[str, Any]:
        self._count += 1
        message = json.dumps([0, self._count, name, parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(message), message))
        _, _, error, answer = self._read()
        assert error is None, error
        return answer

    def _read(self) -> Any:
        digits = b""
        while (one := self._stream.read(1)) != b":":
            assert one, "Firefox has gone"
            digits += one
        return json.loads(self._stream.read(int(digits)))


@contextmanager
def opened(profile: Path) -> Iterator[Firefox]:
    """A Firefox without a window, in a fresh profile."""
    lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in _PREFERENCES.items())
    (profile / "user.js").write_text("".join(lines))
    command = [str(PROGRAM), "--headless", "--no-remote", "--marionette", "--profile", str(profile)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            browser = Firefox(_port(profile / "MarionetteActivePort", process))
            yield browser
            browser.close()
        finally:
            process.terminate()


def _port(said: Path, process: subprocess.Popen) -> int:
    until = time.monotonic() + _PATIENCE_S
    while not (said.exists() and said.read_text().strip()):
        assert process.poll() is None and time.monotonic() < until, "Firefox did not start"
        time.sleep(0.1)
    return int(said.read_text())
