"""A process imports the drivers it needs and no other, and a worker nothing of the web."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import json, sys
from fastclip import drivers, settings
loaded = settings.load(sys.argv[1], database=sys.argv[2], queue=sys.argv[3])
drivers.leave_out(loaded)
from fastclip import app
print(json.dumps([name for name in ("psycopg", "redis", "litestar", "httpx") if sys.modules.get(name)]))
"""


@pytest.mark.parametrize(
    ("database", "queue", "imported"),
    [
        ("", "", []),
        ("postgresql://localhost/none", "", ["psycopg"]),
        ("", "redis://localhost", ["redis"]),
        ("postgresql://localhost/none", "rediss://localhost", ["psycopg", "redis"]),
    ],
)
def test_only_the_drivers_that_are_used_are_imported(database: str, queue: str, imported: list[str], tmp_path: Path):
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "data"), database, queue]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert json.loads(said) == imported
