"""What the benches share: a server to measure, percentiles, and one table with ratios."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.journeys.conftest import Running


@contextmanager
def serving(*flags: str, folder: Path | None = None) -> Iterator[Running]:
    """`fastclip serve` on a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="fastclip-bench-", dir=folder) as made:
        running = Running(Path(made) / "data", flags, {"FASTCLIP_SECRETS": "file"})
        running.folder.mkdir()
        running.start()
        try:
            yield running
        finally:
            running.stop()


def percentile(values: Sequence[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def show(title: str, rows: Sequence[tuple[str, float, float | None]], unit: str) -> None:
    """One line a row: its name, its value, and what that is of the reference."""
    print(f"\n{title}")
    for name, value, reference in rows:
        ratio = "" if reference is None else f"   {value / reference:6.2f} x the reference"
        print(f"  {name:<52}{value:>10.1f} {unit}{ratio}")
