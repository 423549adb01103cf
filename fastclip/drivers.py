"""Leaves out the drivers of PostgreSQL and Redis where neither is used: they take a second of each process's start.

Peewee and Huey import them wherever they are installed, and do without where they are not.
"""

import sys
from typing import Any

from fastclip.settings import Settings

_DRIVERS = {"psycopg": "postgres", "redis": "redis"}
"""What the URL of a store begins with that needs them."""


def leave_out(settings: Settings) -> None:
    """Before anything imports a store: the stores of this process stay those of `settings`."""
    modules: dict[str, Any] = sys.modules
    urls = (settings.database_url, settings.queue_url)
    for driver, scheme in _DRIVERS.items():
        if not any(url.startswith(scheme) for url in urls):
            modules.setdefault(driver, None)  # importing it then fails as if it were not installed
