"""The build hook: a wheel, an sdist and an editable install all carry pages made from today's `ui/`, and fonts."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parent))
import pages  # noqa: E402
import typefaces  # noqa: E402


class PagesHook(BuildHookInterface):
    """Builds pages and caption fonts unless they are fresh; asks for Node as a wheel where PATH has none."""

    def dependencies(self) -> list[str]:
        needs_node = not (pages.is_built() and typefaces.is_built()) and not pages.node_on_path()
        return [pages.WHEEL] * needs_node + ["fonttools>=4.68"] * (not typefaces.is_built())

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if not pages.is_built():
            pages.build()
        if not typefaces.is_built():
            typefaces.build()
