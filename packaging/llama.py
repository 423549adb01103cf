"""How llama.cpp is compiled: for any processor of this kind, without what FastClip has no use for.

The options are part of the installer's cache key and therefore name no folder; the one path goes by the environment.
"""

import os
import shutil
from pathlib import Path

HOOK = Path(__file__).resolve().with_suffix(".cmake")
COMPILER = ("g++", "libc6-dev")
"""Debian's packages of it."""

# GGML_NATIVE off: the packaged app runs elsewhere (AVX2 and FMA stay on). No OpenMP: one library less to carry.
_DEFINES = {"GGML_NATIVE": "OFF", "GGML_OPENMP": "OFF", "GGML_CCACHE": "OFF", "LLAVA_BUILD": "OFF"}


def options() -> list[str]:
    """For the installer, pip or uv."""
    return [word for name, value in _DEFINES.items() for word in ("-C", f"cmake.define.{name}={value}")]


def surroundings(tools: Path) -> dict[str, str]:
    """For the installer's environment. tools: where cmake and ninja are."""
    return {
        "CMAKE_ARGS": f"-DCMAKE_PROJECT_llama.cpp_INCLUDE={HOOK.as_posix()}",
        "PATH": os.pathsep.join([str(tools), os.environ.get("PATH", os.defpath)]),
    }


def has_compiler() -> bool:
    """Whether this system compiles C++. Windows and macOS have their own ways, which CMake knows."""
    return os.name == "nt" or any(shutil.which(name) for name in ("c++", "g++", "clang++"))
