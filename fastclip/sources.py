"""What arrived: is it media, what a player needs to show it, and when it goes.

`validate` turns a received upload into a ready source; `prepare` makes its poster, filmstrip, peaks and frame times;
`proxy` makes a rendition for a player that cannot play the source; `expire` ends what is older than 24 hours.
Sources: API reference, "Supported Upload Media Types"; backend-spec 3 and 7.2; desktop.md 1.2.
"""

import json
import logging
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastclip import intake, jobs, rules, store, uploads
from fastclip.accounts import Account
from fastclip.errors import Canceled, FastClipError, Gone, NotFound, Unprocessable
from fastclip.jobs import Job, Outcome, Tell
from fastclip.media import cut, ffmpeg, frames, index, peaks, probe, proxy, smart, starts
from fastclip.media.facts import Facts
from fastclip.media.frames import Filmstrip
from fastclip.uploads import Upload

# -- Checking ----------------------------------------------------------------------------------------------


def validate(job: Job, tell: Tell) -> Outcome:
    """The `validate` job: is this media that FastClip can work on? Then the one-shot clip, if one was asked for."""
    upload = Upload.get_by_id(job.file_id)
    if upload.status != "processing":
        return Outcome()
    tell(0.1, "Checking the file")
    try:
        facts = _probe(upload)
    except (Unprocessable, NotFound) as refusal:
        uploads.fail(upload, refusal)
        return Outcome()
    with store.write():
        Upload.update(status="ready", facts=json.dumps(facts.to_json()), changed=time.time()).where(
            Upload.id == upload.id, Upload.status == "processing"
        ).execute()
        then = [jobs.add(upload.account_id, "prepare", {"file_id": upload.id}, lane="light", file_id=upload.id)]
        if upload.one_shot:
            then.append(_one_shot_job(upload, facts))
        uploads.announce_ready(Upload.get_by_id(upload.id))
    return Outcome(then=then)


def give_up(job: Job, refusal: FastClipError) -> None:
    """A `validate` job that came to nothing takes its upload along: nothing stays reserved for it."""
    uploads.fail(Upload.get_by_id(job.file_id), refusal)


def _probe(upload: Upload) -> Facts:
    with store.blobs.lease(upload.key) as path:
        if path.stat().st_size != upload.file_size:
            raise Unprocessable(f"{path.stat().st_size} bytes arrived where {upload.file_size} were announced.")
        return probe.read(path, filename=upload.filename)


def _one_shot_job(upload: Upload, facts: Facts) -> Job:
    """The clip asked for with the upload, paid by what the upload reserved (A8: mp4 to 1080p, or mp3)."""
    clip = upload.one_shot or {}
    ask = {
        "start": clip["start"],
        "end": clip["end"],
        "format": rules.DEFAULT_FORMAT[facts.media_kind],
        "quality": rules.UNPAID_QUALITY if facts.has_video else "",
        "source_title": clip.get("source_title") or "",
    }
    job = jobs.add(
        upload.account_id,
        "trim",
        ask,
        lane="ffmpeg",
        file_id=upload.id,
        reserved_cents=rules.TRIM_CENTS,
        hold_ref=upload.id,
        api_key_id=upload.api_key_id,
    )
    Upload.update(clip_job_id=job.id).where(Upload.id == upload.id).execute()
    return job


SAMPLE_NAME = "big-buck-bunny-480p-30s.mp4"


def add_sample(account: Account) -> Upload:
    """An upload made from the recording that FastClip brings along; again while it lives is the same one."""
    path = _sample_path()
    content_type, size = "video/mp4", path.stat().st_size
    upload = uploads.latest_named(account.id, path.name)
    if upload is not None:
        return upload
    upload, _ = intake.request(account, path.name, content_type, size)
    copy = store.temp_dir / f"{upload.id}.sample"
    shutil.copyfile(path, copy)
    store.blobs.save(upload.key, copy)
    uploads.received(upload.key)
    return uploads.get(account.id, upload.id)


def _sample_path() -> Path:
    """In the package once it is installed, beside it in a checkout."""
    inside = Path(__file__).parent / "assets"
    folder = inside if inside.is_dir() else Path(__file__).parent.parent / "assets"
    return folder / "sample" / SAMPLE_NAME


# -- Showing -----------------------------------------------------------------------------------------------

codecs: tuple[str, ...] = cut.CODECS
"""The picture codecs that clips keep; a worker takes them from its settings."""
PEAKS_PER_S = 50
_POSTER_PX = 360
_TILE_PX = 160
_MAX_TILES = 240
_log = logging.getLogger(__name__)


def prepare(job: Job, tell: Tell) -> Outcome:
    """The `prepare` job: poster, keyframes, frame times, filmstrip and peaks of a ready source.

    Damage spoils only the parts that meet it: they are missing from what is shown.
    """
    upload = Upload.get_by_id(job.file_id)
    facts = upload.media
    shown: dict[str, Any] = {}
    with store.blobs.lease(upload.key) as source:
        parts = _Parts(job, upload, source, facts)
        if facts.has_video:
            shown |= parts.of_picture(lambda done, said: tell(done * 0.7, said))
        if facts.has_audio:
            shown |= parts.of_sound(lambda done, said: tell(0.7 + done * 0.3, said))
    with store.write():
        Upload.update(preview=json.dumps(shown), changed=time.time()).where(Upload.id == upload.id).execute()
    return Outcome()


class _Parts:
    """Makes what is shown of one source."""

    def __init__(self, job: Job, upload: Upload, source: Path, facts: Facts) -> None:
        self._job, self._upload, self._source, self._facts = job, upload, source, facts

    def of_picture(self, tell: Tell) -> dict[str, Any]:
        source, facts = self._source, self._facts
        tell(0.0, "Taking the poster")
        shown = self._part("poster", lambda: self._kept("poster.jpg", self._poster))
        tell(0.1, "Reading the keyframes")
        shown |= self._part("keyframes", lambda: [round(at, 5) for at in starts.offered(source, facts)])
        shown["has_instant_starts"] = smart.is_open_to(facts, codecs)
        shown |= self._part(
            "frame_times", lambda: self._kept("frames.u32", lambda path: index.frame_times(source, path))
        )
        rest = lambda done, said: tell(0.2 + done * 0.8, said)  # noqa: E731
        return shown | self._part(
            "filmstrip", lambda: _geometry(self._kept("filmstrip.jpg", lambda path: self._filmstrip(path, rest)))
        )

    def of_sound(self, tell: Tell) -> dict[str, Any]:
        write = lambda path: peaks.write(self._source, path, per_second=PEAKS_PER_S, tell=tell)  # noqa: E731
        return self._part("peaks", lambda: self._kept("peaks.u8", write))

    def _poster(self, path: Path) -> bool:
        frames.poster(self._source, path, at_s=self._facts.duration_s / 10, height_px=_POSTER_PX)
        return True

    def _filmstrip(self, path: Path, tell: Tell) -> Filmstrip:
        count = max(1, min(_MAX_TILES, int(self._facts.duration_s)))
        return frames.filmstrip(
            self._source, self._facts, path, count=count, columns=20, tile_width=_TILE_PX, tell=tell
        )

    def _part(self, name: str, make: Callable[[], Any]) -> dict[str, Any]:
        """What `make` answers under its name; nothing where the source is too damaged for that."""
        try:
            return {name: make()}
        except (ffmpeg.Failed, Unprocessable) as error:
            _log.warning("source %s has no %s: %s", self._upload.id, name, error)
            return {}

    def _kept(self, name: str, make: Callable[[Path], Any]) -> Any:
        """What `make` answers; the file it writes is kept beside the upload."""
        path = store.temp_dir / f"{self._job.id}.{name}"
        said = make(path)
        store.blobs.save(f"previews/{self._upload.id}/{name}", path)
        return said


def _geometry(strip: Filmstrip) -> dict[str, Any]:
    size = {"tile_width": strip.tile_width_px, "tile_height": strip.tile_height_px}
    return {"columns": strip.columns, "rows": strip.rows, "count": strip.count, "interval": strip.interval_s} | size


def render_proxy(job: Job, tell: Tell) -> Outcome:
    """The `proxy` job: a small WebM that every browser plays."""
    upload = Upload.get_by_id(job.file_id)
    path = store.temp_dir / f"{job.id}.proxy.webm"
    with store.blobs.lease(upload.key) as source:
        proxy.render(source, path, upload.media, tell=tell)
    store.blobs.save(f"previews/{upload.id}/proxy.webm", path)
    return Outcome()


def ask_for_proxy(account: Account, file_id: str) -> Upload:
    """Start or join the making of a rendition that every browser plays. Raises as `uploads.get_ready`."""
    upload = uploads.get_ready(account.id, file_id)
    with store.write():
        last = jobs.latest(file_id, "proxy")
        if last is not None and last.status != "failed":
            return upload
        job = jobs.add(account.id, "proxy", {"file_id": file_id}, lane="ffmpeg", file_id=file_id)
    jobs.push_or_wait(job)
    return upload


def preview(upload: Upload) -> dict[str, Any]:
    """What a player needs to show a ready source. Every time is on the source's own line, 0 = its container's start."""
    facts = upload.media
    shown = json.loads(upload.preview) if upload.preview else {}
    job = jobs.latest(upload.id, "prepare")
    width, height = facts.upright_px
    return {
        "file_id": upload.id,
        "status": "ready" if upload.preview else "failed" if job and job.status == "failed" else "preparing",
        "progress": 100 if upload.preview else job.progress if job else 0,
        "source": {
            "url": _link(upload.key, upload.content_type),
            "content_type": upload.content_type,
            "codecs": facts.mime_codecs,
        },
        "media_kind": facts.media_kind,
        "width": width,
        "height": height,
        "rotation": facts.rotation,
        "fps": {"num": facts.fps.numerator, "den": facts.fps.denominator} if facts.fps else None,
        "is_vfr": facts.is_vfr,
        "duration": round(facts.duration_s, 6),
        "keyframes": shown.get("keyframes", []),
        "has_instant_starts": shown.get("has_instant_starts", False),
        "peaks": _asset(upload, shown, "peaks", "peaks.u8", lambda count: {"per_second": PEAKS_PER_S, "count": count}),
        "filmstrip": _asset(upload, shown, "filmstrip", "filmstrip.jpg", lambda strip: strip),
        "frame_times": _asset(
            upload, shown, "frame_times", "frames.u32", lambda count: {"count": count, "unit_s": 1e-5}
        ),
        "poster_url": poster_url(upload),
        "proxy": _proxy(upload),
    }


def poster_url(upload: Upload) -> str | None:
    has_one = bool(upload.preview) and json.loads(upload.preview).get("poster")
    return _link(f"previews/{upload.id}/poster.jpg", "image/jpeg") if has_one else None


def _asset(
    upload: Upload, shown: dict[str, Any], name: str, file: str, facts: Callable[[Any], dict[str, Any]]
) -> dict[str, Any] | None:
    if name not in shown:
        return None
    kind = "image/jpeg" if file.endswith(".jpg") else "application/octet-stream"
    return {"url": _link(f"previews/{upload.id}/{file}", kind)} | facts(shown[name])


def _proxy(upload: Upload) -> dict[str, Any] | None:
    job = jobs.latest(upload.id, "proxy")
    if job is None:
        return None
    status = {"complete": "ready", "failed": "failed", "pending": "pending"}.get(job.status, "processing")
    url = _link(f"previews/{upload.id}/proxy.webm", "video/webm") if status == "ready" else None
    return {"status": status, "progress": job.progress, "url": url, "error": job.error or None}


def _link(key: str, content_type: str) -> str:
    return store.blobs.get_url(
        key, filename=key.rsplit("/", 1)[-1], content_type=content_type, ttl_s=rules.DOWNLOAD_LINK_S, inline=True
    )


# -- Expiring ----------------------------------------------------------------------------------------------


def expire() -> list[Upload]:
    """End what is older than 24 h: unfinished ones fail, ready ones go, except under running work. For the sweep."""
    alive = Upload.status.in_(rules.UPLOAD_STATUSES[:-1])
    due = list(Upload.select().where(Upload.expires_at < store.now(), alive))
    return [upload for upload in due if not jobs.has_live(upload.id) and _expire(upload)]


def forget(account_id: str) -> None:
    """End every upload of an account that is closed, and forget what its files were called."""
    for upload in list(Upload.select().where(Upload.account_id == account_id)):
        if upload.status in rules.UPLOAD_STATUSES[:-1]:
            _expire(upload, Canceled("The account was closed."))
    with store.write():
        Upload.update(filename="").where(Upload.account_id == account_id).execute()


def _expire(upload: Upload, refusal: FastClipError | None = None) -> bool:
    if upload.status != "ready":
        return uploads.fail(upload, refusal or Gone("The upload was not finished within 24 hours."))
    with store.write():
        ended = (
            Upload.update(status="expired", changed=time.time())
            .where(Upload.id == upload.id, Upload.status == "ready")
            .execute()
        )
    if ended:
        uploads.drop_bytes(upload)
    return bool(ended)
