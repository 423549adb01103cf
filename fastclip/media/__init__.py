"""The media engine: reads, cuts and draws recordings. It knows files and seconds, neither rows nor web nor queue."""

from collections.abc import Callable

Tell = Callable[[float, str], None]
"""How work reports: (fraction 0..1, a stage sentence), every 0.25 to 0.5 s. What it raises stops the work at once."""
