"""Reads what a process says on its standard output while it runs: how far it is, and its answer."""

from collections.abc import Callable


class Progress:
    """Reads ffmpeg's `-progress` lines; keeps the largest fraction and the last count of frames."""

    def __init__(self, duration_s: float | None) -> None:
        self.duration_s, self.fraction, self.frames, self._line = duration_s, 0.0, 0, b""

    def feed(self, chunk: bytes) -> None:
        *lines, self._line = (self._line + chunk).split(b"\n")
        for line in lines:
            name, _, value = line.partition(b"=")
            if name == b"frame" and value.strip().isdigit():
                self.frames = int(value)
            elif name == b"out_time_us" and self.duration_s and value.strip().isdigit():
                self.fraction = min(1.0, max(self.fraction, int(value) / 1e6 / self.duration_s))


class Answer:
    """Reads a child's output by lines and takes its progress out."""

    def __init__(self, heed: Callable[[bytes], None]) -> None:
        self.fraction, self._line, self._heed = 0.0, b"", heed

    def feed(self, chunk: bytes) -> None:
        *lines, self._line = (self._line + chunk).split(b"\n")
        for line in lines:
            if line.startswith(b"progress "):
                self.fraction = float(line[9:])
            else:
                self._heed(line)

    def end(self) -> None:
        """The last line, which need not end in a newline."""
        if self._line:
            self._heed(self._line)
