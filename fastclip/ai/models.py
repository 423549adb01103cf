"""Models on this machine: which there are, where they come from, and that they are what they should be.

A model is a folder under `<data folder>/models`, with `fastclip.json` (licence, origin, checksums) beside its files:
a speech model in CTranslate2's form, or a chat model as `model.gguf` (`ai.gguf`). Only `ai.hub` speaks to the network.
"""

import hashlib
import json
import re
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from fastclip.errors import InvalidRequest, NotFound, Unprocessable
from fastclip.media import Tell, ffmpeg

SPEECH, CHAT = "speech", "chat"


@dataclass(frozen=True)
class Offer:
    """A model that the hub gives away. about_mb: to choose by; the hub says the exact size when it is fetched."""

    name: str
    repo: str
    about_mb: int
    languages: str
    note: str
    licence: str = "MIT"


OFFERS = (
    Offer("tiny", "Systran/faster-whisper-tiny", 78, "99 languages", "Quick drafts on any machine"),
    Offer("base", "Systran/faster-whisper-base", 148, "99 languages", "Usable on old machines"),
    Offer("small", "Systran/faster-whisper-small", 486, "99 languages", "A good start for most machines"),
    Offer("medium", "Systran/faster-whisper-medium", 1531, "99 languages", "Better, and slow without a GPU"),
    Offer("distil-large-v3", "Systran/faster-distil-whisper-large-v3", 1516, "English", "English, fast and accurate"),
    Offer(
        "large-v3-turbo", "mobiuslabsgmbh/faster-whisper-large-v3-turbo", 1621, "99 languages", "The best for its size"
    ),
    Offer("large-v3", "Systran/faster-whisper-large-v3", 3090, "99 languages", "The most accurate; wants a GPU"),
)
"""From the simplest to the best: without a choice the last one that is installed is used."""
_RANKS = {offer.name: rank for rank, offer in enumerate(OFFERS)}

_NEEDED = ("config.json", "model.bin", "tokenizer.json")
WANTED = re.compile(r"config\.json|model\.bin|tokenizer\.json|preprocessor_config\.json|vocabulary\.(?:json|txt)")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
CARD = "fastclip.json"
TOO_NEW = "Whisper is made for newer processors than this machine's; take the built-in recogniser, or write subtitles."
_BLOCK = 1 << 22
_PROOF_LIMITS = ffmpeg.Limits(memory_bytes=1 << 40, cpu_s=600, wall_s=600.0, files=256)


@dataclass(frozen=True)
class Model:
    """An installed model. sha256: of model.bin or model.gguf. is_multilingual: else it knows English only.

    Of a chat model also: context, the tokens it was made for; right, how many of three simple questions it answered;
    tokens_per_s, how fast it reads on this machine.
    """

    name: str
    path: Path
    size_bytes: int
    licence: str
    source: str
    sha256: str
    is_multilingual: bool
    kind: str = SPEECH
    context: int | None = None
    right: int | None = None
    tokens_per_s: float | None = None

    @property
    def gguf(self) -> Path:
        """A chat model's one file."""
        return self.path / "model.gguf"


# -- Finding -----------------------------------------------------------------------------------------------


def installed(folder: Path, kind: str = SPEECH) -> list[Model]:
    """The models of a kind in `folder`, the best last."""
    cards = sorted(folder.glob(f"*/{CARD}")) if folder.is_dir() else []
    found = [read(card) for card in cards if _NAME.fullmatch(card.parent.name)]
    chosen = [model for model in found if model.kind == kind]
    return sorted(chosen, key=lambda model: (_RANKS.get(model.name, -1), model.size_bytes))


def find(folder: Path, name: str | None = None, kind: str = SPEECH) -> Model | None:
    """The named model, or the best of its kind; None when there is none at all. Raises NotFound for a name."""
    found = installed(folder, kind)
    if name is None:
        return found[-1] if found else None
    for model in found:
        if model.name == name:
            return model
    here = ", ".join(model.name for model in found) or "none"
    raise NotFound(f"There is no {kind} model {name!r} on this machine (there is: {here}).", param="model")


def offer(name: str) -> Offer:
    """Raises NotFound."""
    for one in OFFERS:
        if one.name == name:
            return one
    raise NotFound(f"{name!r} is no model that FastClip fetches; take one of {', '.join(_RANKS)}.", param="name")


def read(card: Path) -> Model:
    """The model that a card describes."""
    said = json.loads(card.read_text("utf-8"))
    return Model(path=card.parent, name=card.parent.name, **said)


def fetched_bytes(folder: Path, name: str) -> int:
    """How much of a model that is not whole came already; the next `pull` goes on from there."""
    begun = begun_at(folder, name)
    return sum(path.stat().st_size for path in begun.iterdir()) if begun.is_dir() else 0


# -- Removing and adding -----------------------------------------------------------------------------------


def remove(folder: Path, name: str) -> None:
    """Delete an installed model, or what was fetched of one. Raises NotFound."""
    left = begun_at(folder, name)
    if not left.is_dir() and not (folder / name / CARD).is_file():
        here = ", ".join(model.name for kind in (SPEECH, CHAT) for model in installed(folder, kind)) or "none"
        raise NotFound(f"There is no model {name!r} on this machine (there is: {here}).", param="model")
    shutil.rmtree(left, ignore_errors=True)
    shutil.rmtree(folder / name, ignore_errors=True)


def add(folder: Path, source: Path, *, name: str = "", tell: Tell | None = None) -> Model:
    """Copy a model in from a folder, or from a .zip, .tar or .tar.gz of one. name: default, the source's own.

    Raises InvalidRequest (name), NotFound (source), Unprocessable (not a model that works).
    """
    name = name_for(source.name.split(".tar")[0].removesuffix(".zip"), name)
    begun = begun_at(folder, name)
    shutil.rmtree(begun, ignore_errors=True)
    begun.mkdir(parents=True)
    try:
        with _opened(source) as files:
            for file_name, file in files:
                copy(file, begun / file_name, lambda _: tell and tell(0.1, "Copying the model"))
        return keep(folder, name, licence="as its origin says", source=str(source), tell=tell)
    finally:
        shutil.rmtree(begun, ignore_errors=True)


def name_for(file_name: str, name: str) -> str:
    """The name that a model gets: the one asked for, else its file's. Raises InvalidRequest."""
    name = name or re.sub(r"[^a-z0-9._-]+", "-", file_name.lower()).strip("-._")[:64]
    if not _NAME.fullmatch(name):
        raise InvalidRequest("Model names have a-z, 0-9, dots and dashes, 64 characters at most.", param="name")
    return name


@contextmanager
def _opened(source: Path) -> Iterator[Iterator[tuple[str, IO[bytes]]]]:
    """The files of a model, by name. Nothing else is read, and no path inside an archive is followed."""
    if source.is_dir():
        paths = (path for path in sorted(source.iterdir()) if WANTED.fullmatch(path.name) and path.is_file())
        yield ((path.name, path.open("rb")) for path in paths)
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as pack:
            infos = {Path(info.filename).name: info for info in pack.infolist()}
            yield ((name, pack.open(info)) for name, info in infos.items() if WANTED.fullmatch(name))
    elif source.is_file() and tarfile.is_tarfile(source):
        with tarfile.open(source) as pack:
            members = {Path(member.name).name: member for member in pack.getmembers() if member.isfile()}
            wanted = {name: pack.extractfile(m) for name, m in members.items() if WANTED.fullmatch(name)}
            yield ((name, file) for name, file in wanted.items() if file is not None)
    elif source.exists():
        raise Unprocessable(f"{source.name} is neither a folder nor a .zip or .tar of a model.")
    else:
        raise NotFound(f"There is nothing at {source} on the machine that runs FastClip.", param="path")


def copy(file: IO[bytes], target: Path, tick: Callable[[int], object]) -> None:
    """tick: is told after each block how many bytes were copied; what it raises stops it."""
    done = 0
    with file, target.open("wb") as out:
        while block := file.read(_BLOCK):
            done += out.write(block)
            tick(done)


def keep(folder: Path, name: str, *, licence: str, source: str, tell: Tell | None) -> Model:
    """Prove that what lies in the folder being filled works, then give it its place."""
    begun, place = begun_at(folder, name), folder / name
    missing = [needed for needed in _NEEDED if not (begun / needed).is_file()]
    if missing:
        raise Unprocessable(f"This is no Whisper model for CTranslate2: {', '.join(missing)} is missing.")
    size_bytes = sum(path.stat().st_size for path in begun.iterdir())
    card = {
        "size_bytes": size_bytes,
        "licence": licence,
        "source": source,
        "sha256": sha256_of(begun / "model.bin", tell and (lambda: tell(0.0, "Looking at every byte"))),
        "is_multilingual": _proved(begun, tell),
    }
    (begun / CARD).write_text(json.dumps(card, indent=1), "utf-8")
    shutil.rmtree(place, ignore_errors=True)
    begun.rename(place)
    return read(place / CARD)


def _proved(path: Path, tell: Tell | None) -> bool:
    """Load it in a child and let it listen to silence; whether it is multilingual. Raises Unprocessable."""
    said: list[bytes] = []
    try:
        asked, stage = ["prove", str(path)], "Trying the model"
        ffmpeg.child("recogniser", asked, room="ai", tell=tell, stage=stage, limits=_PROOF_LIMITS, heed=said.append)
    except ffmpeg.TooNew as error:
        raise Unprocessable(TOO_NEW) from error
    except ffmpeg.Failed as error:
        raise Unprocessable("This model cannot be used: it is damaged, or made for another program.") from error
    return bool(json.loads(said[-1])["is_multilingual"])


def begun_at(folder: Path, name: str) -> Path:
    """Where a model lies until it is whole."""
    return folder / ".begun" / name


def sha256_of(path: Path, tick: Callable[[], object] | None = None) -> str:
    """The checksum of a file. tick: called now and then; what it raises stops the counting."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            if tick:
                tick()
    return digest.hexdigest()


def describe(model: Model) -> dict[str, Any]:
    return {key: value for key, value in asdict(model).items() if key != "path"}
