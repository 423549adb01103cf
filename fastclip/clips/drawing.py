"""Captions of a clip in the making: who may have them, their words, and what ffmpeg draws of them.

Source: API reference, "Trim-plus-caption rules" and "POST /v1/captions"; captions.md 5.
"""

import time
from pathlib import Path
from typing import Any

from fastclip import jobs, presets, store, transcription, transcripts
from fastclip.clips import transcript
from fastclip.errors import InvalidRequest, Unprocessable
from fastclip.jobs import Job, Tell
from fastclip.media import ass, burn, captions, probe
from fastclip.media.facts import Facts
from fastclip.media.plans import Plan
from fastclip.media.words import Word, within
from fastclip.transcripts import Transcript
from fastclip.uploads import Upload

_HEARD = 0.5
"""Of the work is done when the words are there."""
_LOOK_EVERY_S = 0.5


def asked(account_id: str, facts: Facts, format: str, preset_ref: str) -> dict[str, Any]:
    """What a job keeps of the ask: the style as it is now. Raises InvalidRequest, Unprocessable, NotFound."""
    if not facts.has_video:
        raise Unprocessable("Captions need a picture; this source has none.", code="unsupported_media")
    if format != "mp4":
        raise InvalidRequest(f"Captions need MP4; {format} takes none.", param="format")
    style = presets.frozen(account_id, preset_ref)
    return {"captions": {"preset_ref": preset_ref, "style": style}, "model": "", "language": ""}


def words_of(job: Job, upload: Upload, tell: Tell) -> list[Word]:
    """The source's words, heard now if nobody has heard them. Raises Unprocessable (no sound), and what `tell` does."""
    while True:
        row = transcripts.satisfying(job.account_id, upload.id, model="", language="")
        if row is not None:
            return transcripts.words_of(row)
        if not upload.media.has_audio:
            raise Unprocessable("This video has no sound, so there are no words to show.", code="unsupported_media")
        if mine := _taken(job, upload):
            transcript.hear(job, upload, mine, lambda fraction, stage: tell(fraction * _HEARD, stage))
        else:
            tell(0.0, "Waiting for the words of this source")
            time.sleep(_LOOK_EVERY_S)


def _taken(job: Job, upload: Upload) -> Transcript | None:
    """The transcript to fill; None while another job fills it.

    One that waits for a place among the encodes does not count: this job may stand on that place.
    """
    with store.write():
        row = transcription.begin(job.account_id, upload.id, model="", language="")
        holder = Job.get_or_none(Job.id == row.job_id, Job.status.in_(jobs.LIVE))
        is_waiting = holder is not None and holder.status == "pending" and holder.lane == job.lane
        if holder is not None and holder.id != job.id and not is_waiting:
            return None
        transcription.take(row, job)
        return row


def lay(job: Job, folder: Path, words: list[Word], plan: Plan) -> int:
    """Fill `folder` with the captions of the clip that is planned; how many words they show.

    words: on the source's own line.
    """
    shown = within(words, plan.start_s, plan.end_s)
    style = presets.thawed(job.asked["captions"]["style"])
    size = (plan.width_px or 0, plan.height_px or 0)
    with presets.font_of(job.account_id, style) as font:
        placed = captions.lay_out(shown, style, font, size_px=size, duration_s=plan.end_s - plan.start_s)
        burn.lay(folder, ass.write(placed))
    return len(shown)


def folder_for(target: Path) -> Path:
    """Where the captions of a half-made clip lie; the worker sweeps it with the job's other half-made files."""
    return target.with_suffix(".captions")


def facts_of(source: Path, upload: Upload) -> Facts:
    """The facts with the colours' matrix: sources from before it was looked for are read once more."""
    return upload.media if upload.media.color_space else probe.read(source, filename=upload.filename)


def burning(tell: Tell) -> Tell:
    """Progress of the encode, which comes after the words."""
    return lambda fraction, stage: tell(_HEARD + fraction * (1 - _HEARD), stage)
