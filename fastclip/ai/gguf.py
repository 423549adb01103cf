"""Chat models: any GGUF file that the owner adds, and some from the hub. Tried in a child process (`ai.chooser`)."""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastclip.ai import llm, models
from fastclip.ai.hub import HUB, fetch
from fastclip.ai.models import Model
from fastclip.errors import NotFound, Unavailable, Unprocessable
from fastclip.media import Tell, ffmpeg

SUFFIX = ".gguf"
_TRIAL_S = 600.0


@dataclass(frozen=True)
class Offer:
    """A chat model that the hub gives away. about_mb: to choose by. memory_gb: what the machine should have."""

    name: str
    repo: str
    file: str
    about_mb: int
    memory_gb: int
    languages: str = "119 languages"
    licence: str = "Apache-2.0"

    @property
    def note(self) -> str:
        return f"{self.file.removesuffix(SUFFIX)}, for machines with {self.memory_gb} GB of memory or more"


OFFERS = (
    Offer("qwen3-1.7b", "unsloth/Qwen3-1.7B-GGUF", "Qwen3-1.7B-Q5_K_M.gguf", 1258, 8),
    Offer("qwen3-4b", "unsloth/Qwen3-4B-Instruct-2507-GGUF", "Qwen3-4B-Instruct-2507-Q4_K_M.gguf", 2497, 16),
    Offer("qwen3-8b", "Qwen/Qwen3-8B-GGUF", "Qwen3-8B-Q4_K_M.gguf", 5028, 32),
)
"""From the smallest to the largest."""


@dataclass(frozen=True)
class Facts:
    """What a file says of itself. licence: "not stated" where it says nothing."""

    name: str
    architecture: str
    licence: str
    size_bytes: int
    context: int


def offer(name: str) -> Offer | None:
    """The chat model that can be fetched under this name."""
    return next((one for one in OFFERS if one.name == name), None)


def look(source: Path) -> Facts:
    """What a GGUF file is, before anything is copied. Raises NotFound, Unavailable (no llama.cpp), Unprocessable."""
    if not source.is_file():
        raise NotFound(f"There is no file at {source} on the machine that runs FastClip.", param="path")
    _ready()
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
    begun = models.begun_at(folder, name)
    shutil.rmtree(begun, ignore_errors=True)
    begun.mkdir(parents=True)

    def copied(done: int) -> None:
        if tell:
            tell(0.4 * done / facts.size_bytes, f"Copying: {done / 1e6:.0f} of {facts.size_bytes / 1e6:.0f} MB")

    try:
        if shutil.disk_usage(begun).free < facts.size_bytes:
            said = f"This model needs {facts.size_bytes / 1e6:.0f} MB of free disk space."
            raise Unavailable(said, code="insufficient_storage")
        models.copy(source.open("rb"), begun / source.name, copied)
        shown: Tell | None = tell and (lambda done, said: tell(0.4 + 0.55 * done, said))
        return _keep(folder, name, begun / source.name, facts, source=str(source), tell=shown)
    finally:
        shutil.rmtree(begun, ignore_errors=True)


def pull(folder: Path, name: str, *, tell: Tell, hub: str = HUB) -> Model:
    """Fetch a chat model and try it. What `tell` raises stops it; the next call goes on where this one was.

    Raises NotFound (name), Unavailable (no llama.cpp; see `hub.fetch`), Unprocessable (no model that works).
    """
    wanted, begun = offer(name), models.begun_at(folder, name)
    if wanted is None:
        raise NotFound(f"{name!r} is no chat model that FastClip fetches.", param="name")
    _ready()
    exactly = re.compile(re.escape(wanted.file))
    source = fetch(begun, wanted.repo, exactly, tell=lambda done, said: tell(0.9 * done, said), hub=hub)
    facts = look(begun / wanted.file)
    return _keep(
        folder, name, begun / wanted.file, facts, source=source, tell=lambda done, said: tell(0.9 + 0.08 * done, said)
    )


def _ready() -> None:
    if not llm.is_installed():
        raise Unavailable(llm.MISSING, code="provider_unavailable")


def _keep(folder: Path, name: str, file: Path, facts: Facts, *, source: str, tell: Tell | None) -> Model:
    """Try the file in the folder being filled, then give that folder its place. Raises Unprocessable."""
    begun, place = models.begun_at(folder, name), folder / name
    tried = _asked(["prove", str(file), str(_TRIAL_S)], tell, _TRIAL_S + 60)
    if tried["right"] is None:
        raise Unprocessable("This model is too slow for this machine: three short questions took ten minutes.")
    card = {
        "kind": models.CHAT,
        "size_bytes": facts.size_bytes,
        "licence": facts.licence,
        "source": source,
        "sha256": models.sha256_of(file, tell and (lambda: tell(1.0, "Looking at every byte"))),
        "is_multilingual": True,
        "context": facts.context or None,
        "right": tried["right"],
        "tokens_per_s": tried["tokens_per_s"],
    }
    file.rename(begun / "model.gguf")
    (begun / models.CARD).write_text(json.dumps(card, indent=1), "utf-8")
    shutil.rmtree(place, ignore_errors=True)
    begun.rename(place)
    return models.read(place / models.CARD)


def _asked(args: list[str], tell: Tell | None, wall_s: float) -> dict[str, Any]:
    """The child's last word. Raises Unprocessable."""
    said: list[bytes] = []
    limits = ffmpeg.Limits(memory_bytes=1 << 46, cpu_s=int(wall_s * 16), wall_s=wall_s, files=256)
    try:
        ffmpeg.child("chooser", args, room="ai", tell=tell, stage="Trying the model", limits=limits, heed=said.append)
        return json.loads(said[-1])
    except ffmpeg.TooNew as error:
        raise Unprocessable(
            "llama.cpp is made for newer processors than this machine's, so no chat model can be used here. "
            "Moments are found without one."
        ) from error
    except (ffmpeg.Failed, IndexError) as error:
        raise Unprocessable(
            "This file cannot be used: it is damaged, or no GGUF chat model that llama.cpp knows."
        ) from error
