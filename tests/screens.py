"""A screen of its own for tests that open windows."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def screen() -> Iterator[str]:
    """What DISPLAY must be, `:7`, while Xvfb shows 1440x900 there."""
    reads, writes = os.pipe()
    xvfb = subprocess.Popen(
        # It would begin anew each time that its last client leaves, and turn away who comes meanwhile.
        ["Xvfb", "-displayfd", str(writes), "-screen", "0", "1440x900x24", "-nolisten", "tcp", "-noreset"],
        pass_fds=[writes],
        stderr=subprocess.DEVNULL,
    )
    os.close(writes)
    try:
        with os.fdopen(reads) as said:
            number = said.readline().strip()
        assert number, "Xvfb did not start"
        yield f":{number}"
    finally:
        xvfb.terminate()
        xvfb.wait(10)
