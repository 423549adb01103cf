"""The settings that are in force in this process, which follow their file while it runs.

The owner's desk writes `settings.toml`; every process on the data folder sees that it changed and takes what it can
take at once. What needs a restart stays as it was at the start.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace

from fastclip import settings
from fastclip.errors import InvalidRequest
from fastclip.settings import Settings

_log = logging.getLogger(__name__)
FOLLOW_S = 1.0
"""How often a process looks whether the file changed."""
_LASTING = [name for name, row in settings.KNOWN.items() if row.metadata["when"] != "now"]


class Standing:
    """The settings of one process: `now`, and who is told of new ones."""

    def __init__(self, started: Settings) -> None:
        self.now = started
        self._takers: list[Callable[[Settings], object]] = []
        self._turn = threading.Lock()
        self._seen = self._stamp()

    def tell(self, take: Callable[[Settings], object]) -> None:
        """Hand the settings to `take`, now and whenever others are in force."""
        self._takers.append(take)
        take(self.now)

    def follow(self) -> None:
        """Take up what the file says when it was written since the last look. Raises InvalidRequest, once a change."""
        with self._turn:
            if (seen := self._stamp()) == self._seen:
                return
            self._seen = seen
            said = settings.again(self.now)
            self.now = replace(said, **{name: getattr(self.now, name) for name in _LASTING})
            for take in self._takers:
                try:
                    take(self.now)
                except Exception:  # the others take them up all the same, and the next change is still looked for
                    _log.exception("the changed settings were not taken up by %s", take)

    def keep_following(self, stopping: threading.Event) -> None:
        """`follow` until `stopping` is set; a file that cannot be read leaves everything as it is."""
        while not stopping.wait(FOLLOW_S):
            try:
                self.follow()
            except InvalidRequest as refusal:
                _log.warning("%s The settings from before stay in force.", refusal.message)

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = (self.now.data_dir / settings.FILE).stat()
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size
