"""Chat models: any GGUF file that the owner adds. Looked at, copied and tried in a child process (`ai.chooser`)."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastclip.ai import llm, models
from fastclip.ai.models import Model
from fastclip.errors import NotFound, Unavailable, Unprocessable
from fastclip.media import Tell, ffmpeg

SUFFIX = ".gguf"
_TRIAL_S = 600.0
_BLOCK = 1 << 22


@dataclass(frozen=True)
class Suggestion:
    """A model that others publish, to begin with; FastClip does not fetch it."""

    name: str
    about_mb: int
    memory_gb: int
    licence: str


SUGGESTIONS = (
    Suggestion("Qwen3-1.7B, Q5_K_M", 1470, 8, "Apache-2.0"),
    Suggestion("Qwen3-4B-Instruct-2507, Q4_K_M", 2500, 16, "Apache-2.0"),
    Suggestion("Qwen3-8B, Q4_K_M", 5030, 32, "Apache-2.0"),
)


@dataclass(frozen=True)
class Facts:
    """What a file says of itself. licence: "not stated" where it says nothing."""

    name: str
    architecture: str
    licence: str
    size_bytes: int
    context: int


def look(source: Path) -> Facts:
    """What a GGUF file is, before anything is copied. Raises NotFound, Unavailable (no llama.cpp), Unprocessable."""
    if not source.is_file():
        raise NotFound(f"There is no file at {source} on the machine that runs FastClip.", param="path")
    if not llm.is_installed():
        raise Unavailable(llm.MISSING, code="provider_unavailable")
    said = _asked(["look", str(source)], None, 60.0)["facts"]
    architecture = said.get("general.architecture", "")
    if not said.get("tokenizer.ggml.model"):
        raise Unprocessable("This GGUF file is no chat model: it has no tokenizer.")
    return Facts(
        name=said.get("general.name") or source.stem,
        architecture=architecture,
        licence=said.get("general.license") or "not stated",
        size_bytes=source.stat().st_size,
        context=int(said.get(f"{architecture}.context_length", 0)),
    )


def add(folder: Path, source: Path, *, name: str = "", tell: Tell | None = None) -> Model:
    """Copy a GGUF file in and try it: it is loaded, and asked three simple questions.

    Raises InvalidRequest (name), NotFound, Unavailable (no llama.cpp, no room), Unprocessable (no model that works).
    """
    name = models.name_for(source.name.removesuffix(SUFFIX), name)
    facts = look(source)
    begun, place = models.begun_at(folder, name), folder / name
    shutil.rmtree(begun, ignore_errors=True)
    begun.mkdir(parents=True)
    try:
        if shutil.disk_usage(begun).free < facts.size_bytes:
            said = f"This model needs {facts.size_bytes / 1e6:.0f} MB of free disk space."
            raise Unavailable(said, code="insufficient_storage")
        _copy(source, begun / "model.gguf", facts.size_bytes, tell)
        tried = _asked(["prove", str(begun / "model.gguf"), str(_TRIAL_S)], tell, _TRIAL_S + 60)
        if tried["right"] is None:
            raise Unprocessable("This model is too slow for this machine: three short questions took ten minutes.")
        card = {
            "kind": models.CHAT,
            "size_bytes": facts.size_bytes,
            "licence": facts.licence,
            "source": str(source),
            "sha256": models.sha256_of(begun / "model.gguf"),
            "is_multilingual": True,
            "context": facts.context or None,
            "right": tried["right"],
            "tokens_per_s": tried["tokens_per_s"],
        }
        (begun / models.CARD).write_text(json.dumps(card, indent=1), "utf-8")
        shutil.rmtree(place, ignore_errors=True)
        begun.rename(place)
        return models.read(place / models.CARD)
    finally:
        shutil.rmtree(begun, ignore_errors=True)


def _copy(source: Path, target: Path, size_bytes: int, tell: Tell | None) -> None:
    done = 0
    with source.open("rb") as file, target.open("wb") as out:
        while block := file.read(_BLOCK):
            done += out.write(block)
            if tell:
                tell(0.4 * done / max(1, size_bytes), f"Copying: {done / 1e6:.0f} of {size_bytes / 1e6:.0f} MB")


def _asked(args: list[str], tell: Tell | None, wall_s: float) -> dict[str, Any]:
    """The child's last word. Raises Unprocessable."""
    said: list[bytes] = []
    limits = ffmpeg.Limits(memory_bytes=1 << 46, cpu_s=int(wall_s * 16), wall_s=wall_s, files=256)
    shown: Tell | None = tell and (lambda done, stage: tell(0.4 + 0.55 * done, stage))
    try:
        ffmpeg.child("chooser", args, room="ai", tell=shown, stage="Trying the model", limits=limits, heed=said.append)
        return json.loads(said[-1])
    except (ffmpeg.Failed, IndexError) as error:
        raise Unprocessable(
            "This file cannot be used: it is damaged, or no GGUF chat model that llama.cpp knows."
        ) from error
