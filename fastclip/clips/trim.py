"""Manual trim: cut one or more pieces out of an upload. Source: API reference, "POST /v1/clip"."""

import logging
from math import gcd
from pathlib import Path

from fastclip import jobs, rules, store, uploads
from fastclip.accounts import Account
from fastclip.billing import ledger
from fastclip.clips import checks, drawing, settling
from fastclip.errors import Unavailable
from fastclip.jobs import Job, Made, Outcome, Tell
from fastclip.media import cut, frames
from fastclip.media.plans import Cut
from fastclip.media.words import Word

codecs: tuple[str, ...] = cut.CODECS
"""The picture codecs that clips keep; a worker takes them from its settings."""

_log = logging.getLogger(__name__)
POSTER_PX = 360
_ASPECTS = ((16, 9), (9, 16), (1, 1), (4, 3), (3, 4), (4, 5), (21, 9))


def request(
    account: Account,
    file_id: str,
    spans: list[tuple[float, float]],
    *,
    via: str,
    format: str | None = None,
    quality: str | None = None,
    source_title: str | None = None,
    preset_ref: str | None = None,
    api_key_id: str = "",
) -> list[Job]:
    """Check, price, reserve and queue one job per segment; returns those that were queued.

    spans: (start, end) in seconds from the beginning of the source. Reserves for all or none; a segment that the
    queue then refuses is given back, and when it refuses all, Unavailable is raised (backend-spec A7).
    preset_ref: of the captions that are drawn into the clip, in the same encode; their price is added (A14, A15).
    Raises InvalidRequest, NotAllowed, NotFound, Gone, Conflict (not ready), Unprocessable, InsufficientBalance.
    """
    upload = uploads.get_ready(account.id, file_id)
    facts = upload.media
    target = checks.target(account, facts, via=via, format=format, quality=quality)
    checks.segments(facts, spans, target.format)
    asked = {} if preset_ref is None else drawing.asked(account.id, facts, target.format, preset_ref)
    asked |= {
        "format": target.format,
        "quality": target.quality,
        "max_px": target.max_px,
        "source_title": source_title or "",
    }
    with store.write():
        rows = [
            _add(account, upload.id, asked | {"start": start, "end": end}, target.is_4k, api_key_id)
            for start, end in spans
        ]
    queued = [job for job in rows if is_queued(job)]
    if not queued:
        raise Unavailable("The clip queue is temporarily unavailable; nothing was charged. Try again in a moment.")
    return queued


def _add(account: Account, file_id: str, ask: dict, is_4k: bool, api_key_id: str) -> Job:
    cents = rules.trim_cents(is_4k=is_4k)
    if "captions" in ask:
        ask = ask | {"trim_cents": cents}
        cents += rules.caption_cents(round(ask["end"] - ask["start"], 3), is_4k=is_4k)
    job = jobs.add(account.id, "trim", ask, lane="ffmpeg", file_id=file_id, reserved_cents=cents, api_key_id=api_key_id)
    ledger.reserve(account, cents, job.id)
    return job


def is_queued(job: Job) -> bool:
    """Ring for the job; one that the queue does not take ends here, refunded."""
    try:
        settling.ring(job)
    except Unavailable as refusal:
        _log.warning("job %s was not queued: %s", job.id, refusal.__cause__)
        return False
    return True


def run(job: Job, tell: Tell) -> Outcome:
    """Cut the segment out of the source, draw its captions, and take its poster."""
    ask = job.asked
    upload = uploads.Upload.get_by_id(job.file_id)
    with store.blobs.lease(upload.key) as source:
        checks.segments(upload.media, [(ask["start"], ask["end"])], ask["format"])
        words = drawing.words_of(job, upload, tell) if "captions" in ask else []
        burning = drawing.burning(tell) if words else tell
        made, done = piece(job, upload, source, words, start_s=ask["start"], end_s=ask["end"], tell=burning)
    result = {"plan": done.plan_kind, "plan_reason": done.reason, "frames": done.frames, "stages": done.stages}
    is_short = "captions" in ask and not made.captioned  # nobody speaks there: what captions cost goes back
    return Outcome(made=[made], cents=ask["trim_cents"] if is_short else job.reserved_cents, result=result)


def piece(
    job: Job,
    upload: uploads.Upload,
    source: Path,
    words: list[Word],
    *,
    start_s: float,
    end_s: float,
    tell: Tell,
    title: str = "",
    name: str = "part",
) -> tuple[Made, Cut]:
    """One clip of the source, as the job's ask says, with `words` drawn into it where it asks for captions.

    name: tells half-made files of one job apart. title: default, the one asked for or the source's own.
    """
    ask, facts = job.asked, upload.media
    target = store.temp_dir / f"{job.id}.{job.owner.replace('/', '-')}.{name}.{ask['format']}"
    folder = drawing.folder_for(target) if words else None
    plan = cut.plan(
        source,
        drawing.facts_of(source, upload) if folder else facts,
        start_s=start_s,
        end_s=end_s,
        format=ask["format"],
        height_px=_max_px(ask),
        captions=folder,
        codecs=codecs,
        tell=tell,
    )
    is_captioned = folder is not None and drawing.lay(job, folder, words, plan) > 0
    done = cut.render(source, target, plan, tell=tell)
    title = title or ask.get("source_title") or upload.stem
    made = Made(
        path=target,
        poster=poster(target, ask["format"], done.duration_s / 3, tell),
        title=title,
        file_name=file_name(title, start_s, end_s, ask["format"]),
        format=ask["format"],
        quality=delivered_quality(ask["quality"], done) if ask["format"] in rules.QUALITIES else "",
        aspect_ratio=aspect_ratio(done.width_px or 0, done.height_px or 0),
        duration_s=done.duration_s,
        start_s=start_s,
        end_s=end_s,
        media_kind="audio" if ask["format"] in rules.AUDIO_FORMATS else "video",
        captioned=is_captioned,
    )
    return made, done


def _max_px(ask: dict) -> int | None:
    return ask["max_px"] if "max_px" in ask else rules.QUALITY_PX.get(ask["quality"])


def poster(clip: Path, format: str, at_s: float, tell: Tell) -> Path | None:
    """A picture from inside the clip: beginnings are often black."""
    if format in rules.AUDIO_FORMATS:
        return None
    picture = clip.with_suffix(".jpg")
    frames.poster(clip, picture, at_s=at_s, height_px=POSTER_PX, tell=lambda _, stage: tell(1.0, stage))
    return picture


def file_name(title: str, start_s: float, end_s: float, format: str) -> str:
    """`source_0-15-0-55.mp4`, as the reference names it."""
    return f"{title}_{_clock(start_s)}-{_clock(end_s)}.{format}"


def _clock(seconds: float) -> str:
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}-{minutes:02d}-{rest:02d}" if hours else f"{minutes}-{rest:02d}"


def delivered_quality(asked: str, made: Cut) -> str:
    """What came out: the asked name when the picture is that large, else the picture's own ("480p")."""
    short = min(made.width_px or 0, made.height_px or 0)
    names = {px: name for name, px in rules.QUALITY_PX.items()}
    if asked and short >= rules.QUALITY_PX[asked]:
        return asked
    return names.get(short, f"{short}p")


def aspect_ratio(width_px: int, height_px: int) -> str:
    """The nearest usual ratio within 2 %, else the reduced fraction; "" without a picture (A3)."""
    if not width_px or not height_px:
        return ""
    ratio = width_px / height_px
    w, h = min(_ASPECTS, key=lambda wh: abs(wh[0] / wh[1] / ratio - 1))
    if abs(w / h / ratio - 1) <= 0.02:
        return f"{w}:{h}"
    common = gcd(width_px, height_px)
    return f"{width_px // common}:{height_px // common}"
