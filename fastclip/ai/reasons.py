"""Why a moment is offered, in sentences that a person can check against the recording."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastclip.ai.index import Index
from fastclip.ai.intent import Intent

_MOST_WORDS = 6
_PAUSE_S = 0.15


@dataclass(frozen=True)
class Reason:
    """kind: words, quote, meaning, style, sound, subject, sentences or pauses. value: the part of the score, if any."""

    kind: str
    text: str
    value: float | None = None


LIVELY = Reason("sound", "Livelier than the rest of the sound")


def of_topic(
    read: Index, asked: Intent, terms: Sequence[str], values: dict[str, float], first: int, last: int
) -> list[Reason]:
    """values: the features of the span. terms: of the topic."""
    reasons = []
    said = {term for one in read.terms[first:last] for term in one}
    if matched := [term for term in terms if term in said]:
        named = ", ".join(f"“{term}”" for term in matched[:_MOST_WORDS])
        reasons.append(Reason("words", f"Says {named}", round(values["cover"], 2)))
    if asked.quotes:
        reasons.append(Reason("quote", "Says exactly " + ", ".join(f"“{one}”" for one in asked.quotes)))
    if read.vectors is not None:
        near = values["near"]
        how = "Very close" if near >= 0.5 else "Close" if near >= 0.3 else "Distantly related"
        reasons.append(Reason("meaning", f"{how} in meaning to what you asked", round(near, 2)))
    return reasons


def of_taste(asked: Intent, worth: Any, energy: Any, first: int, last: int) -> list[Reason]:
    """worth, energy: of each sentence, in standard deviations; energy may be None."""
    stands_out = float(worth[first:last].mean())
    text = "Sounds funny" if asked.style == "funny" else "Stands out from the rest of the recording"
    reasons = [Reason("style", text, round(stands_out, 2))] if stands_out > 0.5 else []
    if energy is not None and float(energy[first:last].mean()) > 0.5:
        reasons.append(LIVELY)
    return reasons


def of_edges(read: Index, first: int, last: int) -> list[Reason]:
    said, reasons = read.sentences, []
    if read.shift[first] >= 1:
        reasons.append(Reason("subject", "A new subject begins here", round(float(read.shift[first]), 2)))
    if (not first or said[first - 1].is_whole) and said[last - 1].is_whole:
        reasons.append(Reason("sentences", "Starts and ends on a sentence"))
    pause_s = min(float(read.gap_before_s[first]), float(read.gap_after_s[last - 1]))
    if pause_s >= _PAUSE_S:
        reasons.append(Reason("pauses", "Begins and ends in a pause", round(pause_s, 2)))
    return reasons
