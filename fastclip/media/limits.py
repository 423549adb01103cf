"""What a process may use and see, and what makes it a group of its own that dies with the thread that started it.

Source: backend-spec 7.2, row "Limits".
"""

import contextlib
import ctypes
import functools
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1
_NEW_PROCESS_GROUP, _BELOW_NORMAL_PRIORITY, _NO_WINDOW = 0x200, 0x4000, 0x0800_0000
"""Windows' own numbers, which `subprocess` names on Windows only."""


@dataclass(frozen=True)
class Limits:
    """What one process may use. memory_bytes is address space: x264 at 4K with 2 threads maps about 1.3 GiB."""

    memory_bytes: int = 3 << 30
    cpu_s: int = 120
    file_bytes: int = 16 << 30
    files: int = 64
    wall_s: float = 600.0


def environment() -> dict[str, str]:
    """Of ours, only what a program needs to start: no keys of ours, no FFREPORT that would write a file."""
    kept = ["PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LANG"]
    kept += ["LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES"]
    ours = {"PYTHONPATH": str(Path(__file__).parents[2]), "OPENBLAS_NUM_THREADS": "1"}
    return {name: os.environ[name] for name in kept if name in os.environ} | ours


def own(limits: Limits) -> dict[str, Any]:
    """What makes the process its own group, limited and mortal.

    Windows has neither rlimits nor a parent's death signal, macOS not the latter: there the wall time is what holds,
    and a process whose worker was killed runs on until its CPU time (macOS) or its work (Windows) ends.
    """
    if os.name == "nt":
        return {"creationflags": _NEW_PROCESS_GROUP | _BELOW_NORMAL_PRIORITY | _NO_WINDOW}
    return {"start_new_session": True, "preexec_fn": functools.partial(_settle_in, limits, os.getpid())}


def _settle_in(limits: Limits, parent: int) -> None:
    """Between fork and exec: only system calls, nothing that could wait for a lock another thread held."""
    import resource

    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
    os.nice(10)
    for what, most in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.cpu_s),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_NOFILE, limits.files),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))
