"""What this machine can do: one row a check, each with its cause and its fix, in less than two seconds.

Nothing here changes anything but a file of its own in the data folder, which it takes away again.
"""

import itertools
import os
import platform
import shutil
import socket
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fastclip import engines, toolkits, vault
from fastclip.ai import llm, models, speech
from fastclip.errors import FastClipError
from fastclip.media import ffmpeg, hardware
from fastclip.settings import Settings

OLDEST_SQLITE = (3, 38)  # `->>`, RETURNING and STRICT tables; Debian 12 has 3.40
WARN_FREE_BYTES, FAIL_FREE_BYTES = 10 << 30, 1 << 30
PAGES = Path(__file__).parent / "ui" / "index.html"

ENCODERS = {
    "libx264": "mp4",
    "aac": "mp4, m4a",
    "libmp3lame": "mp3",
    "flac": "flac",
    "pcm_s16le": "wav",
    "gif": "gif",
    "libvpx-vp9": "previews",
    "libopus": "previews",
}
_VIDEO = ("libx264", "gif", "libvpx-vp9")


@dataclass(frozen=True)
class Check:
    """One row: what was looked at, how it stands, what was seen, and what to do about it (empty when ok)."""

    name: str
    state: Literal["ok", "warn", "fail"]
    cause: str
    fix: str = ""


def checks(settings: Settings) -> list[Check]:
    """Every row, in the order in which a person would mend them."""
    rows: dict[str, Callable[[], Check]] = {
        "python": python,
        "data folder": lambda: data_folder(settings.data_dir),
        "disk": lambda: disk(settings.data_dir),
        "sqlite": database,
        "ffmpeg": encoders,
        "hardware": lambda: graphics(settings.hardware_encoders),
        "ffprobe": ffprobe,
        "speech": lambda: hearing(settings.models_dir),
        "language": lambda: language(settings),
        "secrets": lambda: secrets(settings),
        "port": lambda: port(settings.host, settings.port),
        "interface": pages,
        "window": window,
    }
    with ThreadPoolExecutor(len(rows)) as pool:
        return list(pool.map(_looked_at, rows, rows.values()))


def python() -> Check:
    """The Python that runs this, and where."""
    frozen = " in the packaged app" if getattr(sys, "frozen", False) else ""
    return Check("python", "ok", f"{platform.python_version()}{frozen} on {platform.system()} {platform.machine()}")


def data_folder(folder: Path) -> Check:
    """The folder takes files, and only its owner can read them."""
    name = "data folder"
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"FastClip")
    except OSError as error:
        return Check(name, "fail", f"{folder} takes no files: {error.strerror}.", "Choose another with --data-dir.")
    if os.name != "nt" and folder.stat().st_mode & 0o077:
        return Check(name, "warn", f"Others on this machine can read {folder}.", f"chmod 700 '{folder}'")
    return Check(name, "ok", str(folder))


def disk(folder: Path) -> Check:
    """Room for uploads and clips."""
    free = shutil.disk_usage(folder).free
    state: Literal["ok", "warn", "fail"] = "ok"
    if free < WARN_FREE_BYTES:
        state = "warn" if free >= FAIL_FREE_BYTES else "fail"
    fix = "" if state == "ok" else "Free some space, or choose a folder on another disk with --data-dir."
    return Check("disk", state, f"{free / 1e9:.1f} GB free for uploads and clips", fix)


def database() -> Check:
    """SQLite as it is built into this Python, with full-text search."""
    with sqlite3.connect(":memory:") as rows:
        has_search = rows.execute("SELECT sqlite_compileoption_used('ENABLE_FTS5')").fetchone()[0]
    rows.close()
    if sqlite3.sqlite_version_info < OLDEST_SQLITE or not has_search:
        lacks = "" if has_search else " without full-text search"
        return Check(
            "sqlite", "fail", f"{sqlite3.sqlite_version}{lacks}", "Use a Python with SQLite 3.38 or newer and FTS5."
        )
    return Check("sqlite", "ok", f"{sqlite3.sqlite_version} with full-text search")


def encoders() -> Check:
    """ffmpeg, tried: it burns a caption into one frame and writes that frame with every encoder that clips need."""
    fix = "Set FASTCLIP_FFMPEG to a full build, or reinstall imageio-ffmpeg."
    try:
        tools = ffmpeg.tools()
    except (FileNotFoundError, PermissionError) as error:
        return Check("ffmpeg", "fail", str(error), fix)
    missing = _missing_encoders()
    if missing:
        return Check("ffmpeg", "fail", f"{tools.version} at {tools.ffmpeg} cannot use: {', '.join(missing)}.", fix)
    return Check("ffmpeg", "ok", f"{tools.version}, every encoder and libass tried ({tools.ffmpeg})")


def graphics(is_wanted: bool) -> Check:
    """The graphics hardware that whole encodes use, tried with ten frames."""
    if not is_wanted:
        return Check("hardware", "ok", "switched off by `hardware_encoders`; libx264 encodes")
    found = hardware.find()
    if found is None:
        tried = ", ".join(one.title for one in hardware.likely())
        why = f"tried without success: {tried}" if tried else "no graphics device is here"
        return Check("hardware", "ok", f"libx264 encodes ({why})")
    return Check("hardware", "ok", f"{found.title} ({found.name}) encodes whole clips; it was tried")


def ffprobe() -> Check:
    """What reads the facts of an upload."""
    found = ffmpeg.tools().ffprobe
    return Check("ffprobe", "ok", str(found) if found else "none here; PyAV reads in its place")


def hearing(models_dir: Path) -> Check:
    """What transcripts would be made with."""
    model = models.find(models_dir)
    if model is None:
        return Check("speech", "warn", speech.NOTES[speech.BUILT_IN], "fastclip models pull small")
    return Check("speech", "ok", f"{model.name}; {speech.device(model).why}")


def language(settings: Settings) -> Check:
    """What helps to rank moments, beside the embeddings; nothing needs it."""
    if settings.language_model == engines.OFF:
        return Check("language", "ok", "switched off by `language_model`; embeddings rank moments")
    here = models.installed(settings.models_dir, models.CHAT)
    if not here:
        tool = "llama.cpp is installed" if llm.is_installed() else "llama.cpp is not installed"
        return Check("language", "ok", f"no language model, which is optional ({tool}); embeddings rank moments")
    usable = [model.name for model in here if not llm.obstacle(model)]
    if not usable:
        fix = "Add another chat model: fastclip models add FILE.gguf"
        return Check("language", "warn", llm.obstacle(here[-1]), fix if llm.is_installed() else llm.SET_UP)
    return Check("language", "ok", f"{', '.join(usable)} with llama.cpp")


def secrets(settings: Settings) -> Check:
    """Where secrets are kept."""
    return Check("secrets", "ok", vault.kept_in(settings))


def port(host: str, number: int) -> Check:
    """Whether the server would get the port that it is set to."""
    address = f"{host}:{number}"
    try:
        with socket.create_server((host, number)):
            return Check("port", "ok", f"{address} is free")
    except OSError as error:
        fix = "Nothing to do if that is FastClip; otherwise the next free port is taken, or set one with --port."
        return Check("port", "warn", f"{address} cannot be had: {error.strerror}.", fix)


def pages() -> Check:
    """The built interface."""
    if PAGES.is_file():
        return Check("interface", "ok", "built")
    return Check("interface", "warn", "The pages are not built; the API works without them.", "Run packaging/run once.")


def window() -> Check:
    """The window that `fastclip window` would open here."""
    found = toolkits.find()
    if not found:
        return Check("window", "ok", "no display here; `fastclip serve` is for such a machine")
    passed_over = list(itertools.takewhile(lambda kit: not kit.is_usable, found))
    why_not = "; ".join(f"no {kit.name}: {kit.why}" for kit in passed_over)
    fix = next((kit.fix for kit in passed_over if kit.fix), "")
    if passed_over == found:
        return Check("window", "fail", f"{why_not}.", fix)
    used = found[len(passed_over)]
    cause = f"{used.name}: {used.why}" + (f" ({why_not})" if why_not else "")
    return Check("window", "ok", cause) if used.is_native else Check("window", "warn", cause, fix)


def _looked_at(name: str, check: Callable[[], Check]) -> Check:
    """A check that itself breaks is a finding too."""
    try:
        return check()
    except Exception as error:
        return Check(name, "fail", f"This check broke: {error!r}.", "Report it with this line.")


def _missing_encoders() -> list[str]:
    """Which of ENCODERS, and libass, do not work; tried in one process, and one by one only if that fails."""
    with tempfile.TemporaryDirectory() as folder:
        caption = Path(folder) / "caption.ass"
        caption.write_text("[Script Info]\n[V4+ Styles]\n[Events]\n", "utf-8")
        if _encodes(caption, *ENCODERS):
            return []
        alone = [f"{name} ({use})" for name, use in ENCODERS.items() if not _encodes(None, name)]
        return alone + ([] if _encodes(caption) else ["libass (captions)"])


def _encodes(caption: Path | None, *names: str) -> bool:
    burn = ["-vf", f"ass=filename='{_quoted(caption)}'"] if caption else []
    args = ["-f", "lavfi", "-i", "color=s=64x64:r=25:d=0.04", "-f", "lavfi", "-i", "anullsrc=r=48000:d=0.04"]
    for name in names or ("rawvideo",):
        is_video = name in (*_VIDEO, "rawvideo")
        args += ["-map", "0:v", *burn, "-c:v", name] if is_video else ["-map", "1:a", "-c:a", name]
        args += ["-f", "null", "-"]
    try:
        ffmpeg.run(args)
    except (ffmpeg.Failed, FastClipError, OSError):
        return False
    return True


def _quoted(path: Path) -> str:
    """A path as one value of a filter."""
    return path.as_posix().replace("\\", "\\\\").replace(":", "\\:").replace("'", "'\\''")
