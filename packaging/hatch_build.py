"""The build hook: a wheel, an sdist and an editable install all carry pages made from today's `ui/`."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parent))
import pages  # noqa: E402


class PagesHook(BuildHookInterface):
    """Builds the pages unless they are fresh; asks for Node as a wheel where PATH has none."""

    def dependencies(self) -> list[str]:
        return [] if pages.is_built() or pages.node_on_path() else [pages.WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if not pages.is_built():
            pages.build()
