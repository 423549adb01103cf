"""What the waveform alone says: how lively each sentence is, and where something happens when nobody speaks."""

from typing import Any

import numpy

from fastclip.ai.index import Index, standard

PER_SECOND = 50
"""Peaks a second, as `media.peaks` writes them: 0 silence, 255 full scale."""
MOST_CONFIDENCE = 0.2
_STEP_S, _AUDIBLE = 5, 4


def of_sentences(index: Index, peaks: Any) -> Any:
    """The loudness of each sentence in standard deviations; None where the sound is as loud everywhere."""
    sums = numpy.r_[0.0, numpy.cumsum(peaks, dtype="float64")]
    begin = numpy.clip((index.start_s * PER_SECOND).astype(int), 0, len(peaks))
    end = numpy.clip((index.end_s * PER_SECOND).astype(int), begin, len(peaks))
    mean = (sums[end] - sums[begin]) / numpy.maximum(1, end - begin)
    return standard(mean) if mean.std() > 1 else None


def windows(peaks: Any, duration_s: float, *, most: int, length_s: float) -> list[tuple[float, float, float]]:
    """(start_s, end_s, confidence) of the liveliest stretches, none of which overlap; [] where there is no sound.

    They are guesses: no confidence is above 0.2.
    """
    seconds = len(peaks) // PER_SECOND
    if not seconds or int(numpy.max(peaks)) < _AUDIBLE:
        return []
    level = numpy.asarray(peaks[: seconds * PER_SECOND], dtype="float64").reshape(seconds, PER_SECOND).mean(axis=1)
    size = int(min(length_s, seconds))
    starts = numpy.arange(0, seconds - size + 1, _STEP_S)
    lively = numpy.array([level[at : at + size].mean() + level[at : at + size].std() for at in starts])
    standing = standard(lively)
    found: list[tuple[float, float, float]] = []
    for at in numpy.argsort(-lively, kind="stable"):
        start_s, end_s = float(starts[at]), min(float(starts[at] + size), duration_s)
        if end_s > start_s and all(end_s <= other[0] or start_s >= other[1] for other in found):
            confidence = min(MOST_CONFIDENCE, max(0.05, 0.1 + 0.04 * float(standing[at])))
            found.append((start_s, end_s, round(confidence, 2)))
        if len(found) == most:
            break
    return found
