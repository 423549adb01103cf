"""A language model's choice among the passages of a transcript, made in a child process that may fail in any way.

llama.cpp is optional: it is there in the packaged app and where the owner asked for it (`packaging/run models
setup-llm`). Whatever goes wrong is a sentence in `Opinion.note` and never an error: the embeddings' answer stands
without it. Source: moments.md, "Design" 9.
"""

import importlib.util
import json
import logging
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

from fastclip.ai import prompts
from fastclip.ai.chooser import RANKING_CTX, READING_CTX
from fastclip.ai.models import Model
from fastclip.ai.prompts import Answer, Choice, Line, Spoken
from fastclip.media import Tell, ffmpeg

LLAMA = "llama.cpp"
SET_UP = "packaging/run models setup-llm"
MISSING = (
    f"llama.cpp is not installed. The owner installs it with `{SET_UP}`: "
    "it is compiled on this machine, which takes a few minutes."
)
GRACE_S = 0.5
"""How long after its deadline the child may still say what it has; then it is killed."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Opinion:
    """choices: what the model chose, its first first. note: what was wrong or is missing, "" for nothing.

    Without choices the model is to be left out of it altogether.
    """

    choices: tuple[Choice, ...]
    note: str = ""


def is_installed() -> bool:
    """Whether llama.cpp is on this machine."""
    return importlib.util.find_spec("llama_cpp") is not None


def obstacle(model: Model) -> str:
    """Why this model cannot be asked, "" if it can."""
    if not is_installed():
        return MISSING
    if model.right is not None and model.right < prompts.ENOUGH_RIGHT:
        asked = len(prompts.QUESTIONS)
        return f"The model {model.name} answers {model.right} of {asked} simple questions, too few to be used."
    return ""


def rank(
    model: Model,
    spoken: Sequence[Spoken],
    passages: Sequence[tuple[int, int]],
    query: str,
    work: Path,
    *,
    most: int,
    lo_s: float,
    hi_s: float,
    deadline_s: float,
    tell: Tell,
) -> Opinion:
    """The model's order of the passages (ranges of sentences), each perhaps made shorter, with titles.

    work: an empty folder. What `tell` raises ends the child at once.
    """
    rows = prompts.lines(spoken, passages)
    ask = {"most": most, "lo_s": lo_s, "hi_s": hi_s, "context": RANKING_CTX, "overlap_s": 0.0}
    return _opinion(model, spoken, rows, query, work, ask, deadline_s=deadline_s, tell=tell)


def read(
    model: Model,
    spoken: Sequence[Spoken],
    query: str,
    work: Path,
    *,
    lo_s: float,
    hi_s: float,
    deadline_s: float,
    tell: Tell,
) -> Opinion:
    """The model's choice from everything that is said; for the rest as `rank`. It takes minutes for an hour."""
    rows = prompts.lines(spoken, [(0, len(spoken))])
    ask = {"most": 3, "lo_s": lo_s, "hi_s": hi_s, "context": READING_CTX, "overlap_s": prompts.OVERLAP_S}
    return _opinion(model, spoken, rows, query, work, ask, deadline_s=deadline_s, tell=tell)


def _opinion(
    model: Model,
    spoken: Sequence[Spoken],
    rows: list[Line],
    query: str,
    work: Path,
    ask: dict[str, Any],
    *,
    deadline_s: float,
    tell: Tell,
) -> Opinion:
    if why := obstacle(model):
        return Opinion((), why)
    if not rows:
        return Opinion((), "There is nothing to choose from.")
    context = min(ask["context"], model.context or ask["context"])
    until_s = time.monotonic() + deadline_s
    whole = ask | {"model": str(model.gguf), "query": query, "context": context, "until_s": until_s}
    (work / "ask.json").write_text(json.dumps(whole | {"lines": [astuple(row) for row in rows]}), "utf-8")
    heard = _Heard()
    why = _run(work, heard, until_s, lambda done, _: tell(done, heard.stage(model.name)))
    return _judged(heard, rows, spoken, why)


class _Heard:
    """What the child has said so far."""

    def __init__(self) -> None:
        self.chunks: list[tuple[int, int]] = []
        self.replies: list[list[Answer] | None] = []
        self.is_stopped = False

    def heed(self, line: bytes) -> None:
        if not line.strip():
            return
        said = json.loads(line)
        if said["event"] == "plan":
            self.chunks = [tuple(chunk) for chunk in said["chunks"]]
        elif said["event"] == "chunk":
            answers = said["answers"]
            self.replies.append(None if answers is None else [Answer(**answer) for answer in answers])
        else:
            self.is_stopped = True

    def stage(self, name: str) -> str:
        if not self.chunks:
            return f"Loading {name}"
        part = f", part {min(len(self.replies) + 1, len(self.chunks))} of {len(self.chunks)}"
        return f"{name} is reading{part if len(self.chunks) > 1 else ''}"


def _run(work: Path, heard: _Heard, until_s: float, tell: Tell) -> str:
    """Let the child work; why it ended before it was through, "" if it did not."""
    wall_s = max(0.0, until_s - time.monotonic()) + GRACE_S
    limits = ffmpeg.Limits(memory_bytes=1 << 46, cpu_s=int(wall_s * 16) + 60, wall_s=wall_s, files=1024)
    try:
        ffmpeg.child("chooser", ["choose", str(work)], room="ai", tell=tell, limits=limits, heed=heard.heed)
    except ffmpeg.TimedOut:
        return "its time was up" if time.monotonic() >= until_s else "its process was killed"
    except ffmpeg.TooNew:
        return "llama.cpp is made for newer processors than this machine's"
    except ffmpeg.Failed as error:
        _log.warning("the language model failed: %s", error.tail)
        return "it failed"
    return "its time was up" if heard.is_stopped else ""


def _judged(heard: _Heard, rows: list[Line], spoken: Sequence[Spoken], why: str) -> Opinion:
    if not heard.replies:
        return Opinion((), f"The language model gave no answer: {why or 'it said nothing'}.")
    if odd := prompts.oddity(heard.replies):
        return Opinion((), f"The language model's answer was left out: {odd}.")
    found = [
        choice
        for reply, chunk in zip(heard.replies, heard.chunks, strict=False)
        for choice in prompts.chosen(reply or [], rows, chunk)
    ]
    if not found:
        return Opinion((), "The language model's answer was left out: it chose minutes at a time.")
    told = [_titled(choice, spoken) for choice in sorted(found, key=lambda one: -one.score)]
    missing = len(heard.chunks) - len(heard.replies)
    note = f"The language model read {len(heard.replies)} of {len(heard.chunks)} parts: {why}." if missing else ""
    return Opinion(tuple(told), note)


def _titled(choice: Choice, spoken: Sequence[Spoken]) -> Choice:
    """The choice, without a title that is not about it."""
    text = " ".join(spoken[at].text for at in range(choice.first, choice.last))
    return choice if prompts.is_grounded(choice.title, text) else replace(choice, title="")
