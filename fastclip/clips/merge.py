"""Merge: the segments of a trim joined to one clip. Beyond the API reference: `merge` of "POST /v1/clip"."""

from fastclip import jobs, rules, store, uploads
from fastclip.accounts import Account
from fastclip.billing import ledger
from fastclip.clips import checks, trim
from fastclip.errors import InvalidRequest, Unavailable, Unprocessable
from fastclip.jobs import Job, Made, Outcome, Tell
from fastclip.media import merge
from fastclip.uploads import Upload


def request(
    account: Account,
    file_id: str,
    spans: list[tuple[float, float]],
    *,
    via: str,
    format: str | None = None,
    quality: str | None = None,
    source_title: str | None = None,
    api_key_id: str = "",
) -> Job:
    """Check, price, reserve and queue one job for all segments, which cost as many trims. Raises as `trim.request`."""
    upload = uploads.get_ready(account.id, file_id)
    target = checks.target(account, upload.media, via=via, format=format, quality=quality)
    check_format(target.format)
    checks.segments(upload.media, spans, target.format)
    check_length(spans)
    ask = {
        "segments": spans,
        "start": min(start for start, _ in spans),
        "end": max(end for _, end in spans),
        "format": target.format,
        "quality": target.quality,
        "max_px": target.max_px,
        "source_title": source_title or "",
    }
    cents = len(spans) * rules.trim_cents(is_4k=target.is_4k)
    with store.write():
        job = jobs.add(
            account.id, "merge", ask, lane="ffmpeg", file_id=upload.id, reserved_cents=cents, api_key_id=api_key_id
        )
        ledger.reserve(account, cents, job.id)
    if not trim.is_queued(job):
        raise Unavailable("The clip queue is temporarily unavailable; nothing was charged. Try again in a moment.")
    return job


def check_format(format: str) -> None:
    """Raises InvalidRequest."""
    if format not in merge.FORMATS:
        raise InvalidRequest(
            f"Segments are not merged to {format}; use one of {', '.join(merge.FORMATS)}.", param="format"
        )


def check_length(spans: list[tuple[float, float]]) -> None:
    """Raises Unprocessable: a merged clip is no longer than a source may be."""
    total_s = sum(end - start for start, end in spans)
    if total_s > rules.MAX_MERGED_S:
        raise Unprocessable(
            f"These segments are {total_s:.0f} s together; a merged clip has at most {rules.MAX_MERGED_S} s.",
            param="segments",
        )


def run(job: Job, tell: Tell) -> Outcome:
    """Join the segments of the source, and take a poster of the whole."""
    ask, upload = job.asked, Upload.get_by_id(job.file_id)
    spans = [(start, end) for start, end in ask["segments"]]
    target = store.temp_dir / f"{job.id}.{job.owner.replace('/', '-')}.part.{ask['format']}"
    with store.blobs.lease(upload.key) as source:
        checks.segments(upload.media, spans, ask["format"])
        plan = merge.plan(
            source,
            upload.media,
            spans,
            format=ask["format"],
            height_px=ask["max_px"],
            codecs=trim.codecs,
            tell=tell,
        )
        done = merge.render(source, target, plan, tell=tell)
    title = ask["source_title"] or upload.stem
    made = Made(
        path=target,
        poster=trim.poster(target, ask["format"], done.duration_s / 3, tell),
        title=title,
        file_name=f"{title}_merged.{ask['format']}",
        format=ask["format"],
        quality=trim.delivered_quality(ask["quality"], done) if ask["format"] in rules.QUALITIES else "",
        aspect_ratio=trim.aspect_ratio(done.width_px or 0, done.height_px or 0),
        duration_s=done.duration_s,
        start_s=ask["start"],
        end_s=ask["end"],
        media_kind="audio" if ask["format"] in rules.AUDIO_FORMATS else "video",
    )
    result = {"plan": done.plan_kind, "plan_reason": done.reason, "frames": done.frames, "stages": done.stages}
    return Outcome(made=[made], cents=job.reserved_cents, result=result)
