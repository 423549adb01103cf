"""Every refusal of backend-spec 2.1 and 2.2: status, code, sentence, nothing charged, nothing left on disk."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from fastclip import settings, store
from fastclip.accounts import Account
from fastclip.billing import ledger
from fastclip.billing.ledger import LedgerEntry
from fastclip.jobs import Job
from fastclip.rules import MIN_PART_BYTES
from fastclip.uploads import Upload
from tests.conftest import everything_kept
from tests.journeys.conftest import Person, Running, put, until

FILE = {"filename": "source.mp4", "content_type": "video/mp4", "file_size": 1000}
PARTED = FILE | {"file_size": 2 * MIN_PART_BYTES + 5, "part_size": MIN_PART_BYTES, "part_count": 3}
NOBODYS = {"file_id": "upl_000000000000", "upload_id": "0" * 32}
ETAG = "0" * 64


JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BAD_KEY = {"Authorization": "Bearer sk_live_" + "x" * 43}
CLIP = {"start": 0, "end": 1}
TITLED = CLIP | {"source_title": "x" * 201}
SPAN = {"start": 0, "end": 1}
PART = {"part_number": 1, "etag": ETAG}
POOR = r"This costs \$0\.02; the balance is \$0\.00\. Add money first\."
ABORT, INITIATE = "/v1/upload/abort", "/v1/upload/multipart/initiate"
INFINITE = b'{"file_id":"upl_0","start":0,"end":1e999}'
ABSENT = ("not_found", "no upload")


@dataclass
class Scene:
    """What refusals need: somebody with twenty cents, somebody with none, and uploads in every state.

    asker: another person with nothing but questions, since each has sixty a minute.
    """

    server: Running
    person: Person
    asker: Person
    poor: Person
    stranger: Person
    ready: dict[str, Any]
    pending: dict[str, Any]
    parted: dict[str, Any]
    completed: dict[str, Any]
    aborted: dict[str, Any]
    done: str
    expired: str = ""
    uhd: str = ""
    long: str = ""
    etags: list[dict[str, Any]] = field(default_factory=list)

    def upload(self, **change: Any) -> httpx.Response:
        return self.asker.post("/v1/upload/request", **FILE | change)

    def initiate(self, **change: Any) -> httpx.Response:
        return self.person.post("/v1/upload/multipart/initiate", **PARTED | change)

    def complete(self, numbers: list[int], **change: Any) -> httpx.Response:
        """Complete the open multipart upload, of which only part 1 came, with these part numbers."""
        parts = [self.etags[0] if n == 1 else {"part_number": n, "etag": ETAG} for n in numbers]
        asked = {"file_id": self.parted["file_id"], "upload_id": self.parted["upload_id"], "parts": parts}
        return self.person.post("/v1/upload/multipart/complete", **asked | change)

    def part(self, path: str, upload: dict[str, Any], **more: Any) -> httpx.Response:
        ids = {"file_id": upload["file_id"], "upload_id": upload["upload_id"]}
        return self.person.post(f"/v1/upload/multipart/{path}", **ids | more)

    def clip(self, **change: Any) -> httpx.Response:
        asked = {"file_id": self.ready["file_id"], "start": 0, "end": 1} | change
        return self.person.post("/v1/clip", **{name: value for name, value in asked.items() if value is not None})

    def raw(self, path: str, body: bytes, **headers: str) -> httpx.Response:
        return self.asker.http.post(path, content=body, headers=headers)


Row = tuple[Callable[[Scene], httpx.Response], int, str, str]
"""(ask, status, code, what the sentence says, as a pattern)"""

UPLOAD: dict[str, Row] = {
    "no name": (lambda s: s.upload(filename=None), 400, "invalid_request", "`filename` must be a text"),
    "empty name": (lambda s: s.upload(filename=""), 400, "invalid_request", "`filename` must have at least 1"),
    "long name": (lambda s: s.upload(filename="a" * 252 + ".mp4"), 400, "invalid_request", "at most 255 characters"),
    "name of nothing": (lambda s: s.upload(filename="\x01\x02"), 400, "invalid_request", "no usable characters"),
    "extension": (lambda s: s.upload(filename="a.exe"), 422, "unsupported_media", r"named \.exe are not supported"),
    "no extension": (lambda s: s.upload(filename="film"), 422, "unsupported_media", "use one of mp4, mov"),
    "short type": (lambda s: s.upload(content_type="ab"), 400, "invalid_request", "at least 3 characters"),
    "long type": (lambda s: s.upload(content_type="video/" + "x" * 95), 400, "invalid_request", "at most 100"),
    "no subtype": (lambda s: s.upload(content_type="video"), 400, "invalid_request", "must look like type/subtype"),
    "no bytes": (lambda s: s.upload(file_size=0), 400, "invalid_request", "`file_size` must be at least 1"),
    "too many bytes": (lambda s: s.upload(file_size=5_000_000_001), 400, "invalid_request", "at most 5000000000"),
    "half a byte": (lambda s: s.upload(file_size=1.5), 400, "invalid_request", "`file_size` must be a whole number"),
    "bytes as text": (lambda s: s.upload(file_size="5"), 400, "invalid_request", "a whole number, not a text"),
    "bytes as truth": (lambda s: s.upload(file_size=True), 400, "invalid_request", "a whole number, not true or"),
    "unknown field": (lambda s: s.upload(colour="red"), 400, "invalid_request", "`colour` is not a field"),
    "missing field": (lambda s: s.raw("/v1/upload/request", b"{}", **JSON), 400, "invalid_request", "is missing"),
    "no JSON": (lambda s: s.raw("/v1/upload/request", b"{,}", **JSON), 400, "malformed_json", "not valid JSON"),
    "no object": (lambda s: s.raw("/v1/upload/request", b"[]", **JSON), 400, "invalid_request", "must be an object"),
    "no content type": (lambda s: s.raw("/v1/upload/request", b"{}"), 415, "unsupported_content_type", "send JSON"),
    "a form": (lambda s: s.raw("/v1/upload/request", b"a=1", **FORM), 415, "unsupported_content_type", "send JSON"),
    "clip before 0": (lambda s: s.upload(clip={"start": -1, "end": 1}), 400, "invalid_request", "`clip.start` must be"),
    "clip of nothing": (lambda s: s.upload(clip={"start": 1, "end": 1}), 400, "invalid_request", "later than"),
    "clip backwards": (lambda s: s.upload(clip={"start": 2, "end": 1}), 400, "invalid_request", "later than"),
    "long clip": (lambda s: s.upload(clip={"start": 0, "end": 601}), 400, "invalid_request", "longer than 600 s"),
    "clip without end": (lambda s: s.upload(clip={"start": 0}), 400, "invalid_request", "`clip.end` is missing"),
    "clip with more": (lambda s: s.upload(clip={"start": 0, "end": 1, "x": 1}), 400, "invalid_request", "clip.x"),
    "long clip title": (lambda s: s.upload(clip=TITLED), 400, "invalid_request", "at most 200 characters"),
    "unpaid clip": (lambda s: s.poor.post("/v1/upload/request", **FILE, clip=CLIP), 402, "insufficient_balance", POOR),
    "nobody": (lambda s: httpx.post(s.server.url + "/v1/upload/request", json=FILE), 401, "unauthorized", "Sign in"),
    "unknown key": (lambda s: s.raw("/v1/upload/request", b"{}", **JSON, **BAD_KEY), 401, "unauthorized", "not valid"),
}
PUTS: dict[str, Row] = {
    "changed link": (lambda s: put(s.pending["upload_url"] + "0", b"x" * 1000), 403, "link_invalid", "not valid"),
    "no link": (lambda s: put(s.pending["upload_url"].split("?")[0], b"x"), 403, "link_invalid", "not valid"),
    "later link": (lambda s: put(postponed(s.pending["upload_url"]), b"x"), 403, "link_invalid", "not valid"),
    "another type": (
        lambda s: put(s.pending["upload_url"], b"x" * 1000, "audio/mpeg"),
        403,
        "link_invalid",
        "for video/mp4",
    ),
    "too few bytes": (lambda s: put(s.pending["upload_url"], b"x", "video/mp4"), 400, "invalid_request", "1000"),
    "too many bytes": (lambda s: put(s.pending["upload_url"], b"x" * 1001, "video/mp4"), 413, "too_large", "1000"),
    "reading it": (lambda s: httpx.get(s.pending["upload_url"]), 403, "link_invalid", "for PUT, not for GET"),
    "again": (lambda s: put(s.ready["upload_url"], s.ready["content"], "video/mp4"), 409, "conflict", "no more bytes"),
    "aborted": (lambda s: put(s.aborted["parts"][0]["url"], part_of(1)), 404, "not_found", "takes no more parts"),
    "completed": (
        lambda s: put(s.completed["parts"][0]["url"], s.ready["content"]),
        404,
        "not_found",
        "takes no more parts",
    ),
    "short part": (lambda s: put(s.parted["parts"][1]["url"], b"x"), 400, "invalid_request", str(MIN_PART_BYTES)),
    "long part": (lambda s: put(s.parted["parts"][2]["url"], b"x" * 6), 413, "too_large", "5"),
}
PARTS: dict[str, Row] = {
    "count": (lambda s: s.initiate(part_count=2), 400, "invalid_request", "part_count is 2; .* are 3"),
    "no parts": (lambda s: s.initiate(part_count=0), 400, "invalid_request", "`part_count` must be at least 1"),
    "1001 parts": (lambda s: s.initiate(part_count=1001), 400, "invalid_request", "`part_count` must be at most 1000"),
    "small parts": (lambda s: s.initiate(part_size=5_000_000), 400, "invalid_request", "part_size is 5000000; use"),
    "huge parts": (lambda s: s.initiate(part_size=2**33), 400, "invalid_request", "`part_size` must be at most"),
    "empty parts": (lambda s: s.initiate(part_size=0), 400, "invalid_request", "`part_size` must be at least 1"),
    "parts of exe": (lambda s: s.initiate(filename="a.exe"), 422, "unsupported_media", "use one of"),
    "unpaid parts": (lambda s: s.poor.post(INITIATE, **PARTED, clip=CLIP), 402, "insufficient_balance", POOR),
    "a part is missing": (lambda s: s.complete([1, 3]), 400, "invalid_request", "numbered 1 to 3 in order; here is 3"),
    "a part twice": (lambda s: s.complete([1, 1, 2]), 400, "invalid_request", "in order; here is 1"),
    "parts unordered": (lambda s: s.complete([2, 1, 3]), 400, "invalid_request", "in order; here is 2"),
    "too few parts": (lambda s: s.complete([1, 2]), 400, "invalid_request", "2 parts were named; this upload has 3"),
    "too many parts": (lambda s: s.complete([1, 2, 3, 4]), 400, "invalid_request", "4 parts were named"),
    "no list": (lambda s: s.complete([]), 400, "invalid_request", "`parts` must have at least 1 entries"),
    "part never sent": (lambda s: s.complete([1, 2, 3]), 400, "invalid_request", "Part 2: it has not arrived"),
    "another's upload": (lambda s: s.complete([1, 2, 3], upload_id="0" * 32), 404, "not_found", "no multipart upload"),
    "nobody's upload": (lambda s: s.part("complete", NOBODYS, parts=[PART]), 404, "not_found", "no upload upl_0000"),
    "other list": (lambda s: s.part("complete", s.completed, parts=[PART]), 409, "conflict", "already"),
    "aborted list": (lambda s: s.part("complete", s.aborted, parts=[PART]), 409, "conflict", "failed already"),
    "refresh 0": (lambda s: s.part("refresh", s.parted, part_numbers=[0]), 400, "invalid_request", "at least 1"),
    "refresh 4": (lambda s: s.part("refresh", s.parted, part_numbers=[4]), 400, "invalid_request", "has 1 to 3"),
    "refresh none": (lambda s: s.part("refresh", s.parted, part_numbers=[]), 400, "invalid_request", "at least 1"),
    "refresh aborted": (lambda s: s.part("refresh", s.aborted, part_numbers=[1]), 409, "conflict", "is failed"),
    "refresh completed": (lambda s: s.part("refresh", s.completed, part_numbers=[1]), 409, "conflict", "no more bytes"),
    "refresh nobody's": (lambda s: s.part("refresh", NOBODYS, part_numbers=[1]), 404, "not_found", "no upload"),
    "abort nobody's": (lambda s: s.part("abort", NOBODYS), 404, "not_found", "no upload"),
    "abort what is ready": (lambda s: s.part("abort", s.completed), 409, "conflict", "is ready"),
}
OTHER_UPLOADS: dict[str, Row] = {
    "unknown": (lambda s: s.person.http.get("/v1/upload/upl_0"), 404, "not_found", "no upload upl_0 on this account"),
    "another's": (lambda s: s.stranger.http.get(f"/v1/upload/{s.ready['file_id']}"), 404, "not_found", "no upload"),
    "expired": (lambda s: s.person.http.get(f"/v1/upload/{s.expired}"), 410, "source_expired", "expired"),
    "abort ready": (lambda s: s.person.post(ABORT, file_id=s.ready["file_id"]), 409, "conflict", "is ready"),
    "abort parts": (lambda s: s.person.post(ABORT, file_id=s.parted["file_id"]), 409, "conflict", "multipart/abort"),
    "abort unknown": (lambda s: s.person.post(ABORT, file_id="upl_0"), 404, "not_found", "no upload"),
    "abort expired": (lambda s: s.person.post(ABORT, file_id=s.expired), 410, "source_expired", "upload it again"),
    "abort another's": (lambda s: s.stranger.post(ABORT, file_id=s.pending["file_id"]), 404, "not_found", "no upload"),
    "preview too early": (lambda s: s.person.http.get(preview(s.pending)), 409, "upload_not_ready", "wait until"),
    "another method": (lambda s: s.person.http.put("/v1/upload/request"), 405, "method_not_allowed", ""),
    "long list": (lambda s: s.person.http.get("/v1/uploads?limit=101"), 400, "invalid_request", "use 1 to 100"),
    "no address": (lambda s: s.person.http.get("/v1/upload"), 404, "not_found", ""),
}
CLIPS: dict[str, Row] = {
    "no range": (lambda s: s.clip(start=None, end=None), 400, "invalid_request", "start and end, or segments"),
    "half a range": (lambda s: s.clip(end=None), 400, "invalid_request", "not half of one"),
    "range and segments": (lambda s: s.clip(segments=[SPAN]), 400, "invalid_request", "not both"),
    "no segments": (lambda s: s.clip(start=None, end=None, segments=[]), 400, "invalid_request", "use 1 to 50"),
    "51 segments": (lambda s: s.clip(start=None, end=None, segments=[SPAN] * 51), 400, "invalid_request", "50"),
    "segment with more": (lambda s: segments(s, SPAN | {"x": 1}), 400, "invalid_request", r"`segments\[0\]\.x`"),
    "segment as list": (lambda s: segments(s, [0, 1]), 400, "invalid_request", r"segments\[0\]"),
    "time as text": (lambda s: s.clip(start="1"), 400, "invalid_request", "`start` must be a number"),
    "time before 0": (lambda s: s.clip(start=-0.1), 400, "invalid_request", "`start` must be at least 0"),
    "endless time": (lambda s: s.raw("/v1/clip", INFINITE, **JSON), 400, "malformed_json", "not valid JSON"),
    "unknown field": (lambda s: s.clip(speed=2), 400, "invalid_request", "`speed` is not a field"),
    "long title": (lambda s: s.clip(source_title="x" * 201), 400, "invalid_request", "at most 200 characters"),
    "no file": (lambda s: s.raw("/v1/clip", b'{"start":0,"end":1}', **JSON), 400, "invalid_request", "is missing"),
    "empty segment": (lambda s: s.clip(start=1, end=1), 422, "validation_failed", "Segment 1-1 s is empty"),
    "backwards": (lambda s: s.clip(start=2, end=1), 422, "validation_failed", "Segment 2-1 s is empty"),
    "outside": (lambda s: s.clip(end=900), 422, "validation_failed", r"Segment 0-900 s is outside the source \(0-3 s"),
    "after the end": (lambda s: s.clip(start=3.01, end=3.04), 422, "validation_failed", "outside the source"),
    "one of two outside": (lambda s: segments(s, SPAN, {"start": 0, "end": 9}), 422, "validation_failed", "0-9 s"),
    "too long": (lambda s: s.clip(file_id=s.long, end=601), 422, "validation_failed", "at most 600 s"),
    "gif by key": (lambda s: s.clip(format="gif"), 403, "session_required", "GIF is made in the browser only"),
    "mp3 by key": (lambda s: s.clip(format="mp3"), 400, "invalid_request", "for this video source use mp4"),
    "unknown format": (lambda s: s.clip(format="webm"), 400, "invalid_request", "format is 'webm'"),
    "unknown quality": (lambda s: s.clip(quality="8k"), 400, "invalid_request", "quality is '8k'; for mp4 use 4k"),
    "4k unpaid": (lambda s: s.clip(quality="4k"), 403, "paid_deposit_required", "needs a successful paid deposit"),
    "4k of 4k unpaid": (lambda s: s.clip(file_id=s.uhd, quality="4k"), 403, "paid_deposit_required", "up to 1080p"),
    "unpaid": (lambda s: s.poor.post("/v1/clip", **own(s)), 402, "insufficient_balance", POOR),
    "eleven on ten": (lambda s: segments(s, *[SPAN] * 11), 402, "insufficient_balance", "the balance is \\$0.0"),
    "not ready": (lambda s: s.clip(file_id=s.pending["file_id"]), 409, "upload_not_ready", "is pending; wait until"),
    "failed source": (lambda s: s.clip(file_id=s.aborted["file_id"]), 409, "upload_not_ready", "is failed"),
    "expired source": (lambda s: s.clip(file_id=s.expired), 410, "source_expired", "upload it again"),
    "unknown source": (lambda s: s.clip(file_id="upl_0"), 404, "not_found", "no upload upl_0"),
    "another's source": (lambda s: s.stranger.post("/v1/clip", **CLIP, file_id=s.ready["file_id"]), 404, *ABSENT),
    "nobody": (lambda s: httpx.post(s.server.url + "/v1/clip", json={}), 401, "unauthorized", "send an API key"),
    "unknown job": (lambda s: s.person.http.get("/v1/clip/job_0"), 404, "not_found", "no job job_0"),
    "another's job": (lambda s: s.stranger.http.get(f"/v1/clip/{s.done}"), 404, "not_found", "no job"),
    "another kind": (lambda s: s.person.http.get(f"/v1/clip/{check_of(s)}"), 404, "not_found", "no clip job"),
    "cancel unknown": (lambda s: s.person.post("/v1/clip/job_0/cancel"), 404, "not_found", "no job"),
    "cancel another's": (lambda s: s.stranger.post(f"/v1/clip/{s.done}/cancel"), 404, "not_found", "no job"),
    "cancel what ended": (lambda s: s.person.post(f"/v1/clip/{s.done}/cancel"), 409, "conflict", "is complete"),
}
TABLE = {
    f"{group}: {name}": row
    for group, rows in (("upload", UPLOAD), ("put", PUTS), ("parts", PARTS), ("other", OTHER_UPLOADS), ("clip", CLIPS))
    for name, row in rows.items()
}


def segments(scene: Scene, *spans: Any) -> httpx.Response:
    return scene.clip(start=None, end=None, segments=list(spans))


def own(scene: Scene) -> dict[str, Any]:
    """A trim of the poor one's own source."""
    return CLIP | {"file_id": scene.poor.get("/v1/uploads")["data"][-1]["file_id"]}


def preview(upload: dict[str, Any]) -> str:
    return f"/v1/upload/{upload['file_id']}/preview"


def postponed(url: str) -> str:
    """The link with another last second."""
    return re.sub(r"exp=(\d+)", lambda found: f"exp={int(found[1]) + 60}", url)


def part_of(number: int) -> bytes:
    return bytes([number]) * (MIN_PART_BYTES if number < 3 else 5)


def check_of(scene: Scene) -> str:
    """The id of the job that checked the ready upload."""
    with scene.server.rows():
        return Job.get(Job.kind == "validate", Job.file_id == scene.ready["file_id"]).id


# -- The scene ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scene(studio: Running, tiny: Path) -> Scene:
    person, poor, stranger = studio.person(cents=22), studio.person(cents=0), studio.person()
    poor.send(tiny)
    ready = send(person, tiny)
    built = Scene(
        server=studio,
        person=person,
        asker=studio.person(),
        poor=poor,
        stranger=stranger,
        ready=ready,
        pending=person.post("/v1/upload/request", **FILE).json(),
        parted=person.post(INITIATE, **PARTED).json(),
        completed=complete(person, tiny),
        aborted=person.post(INITIATE, **PARTED).json(),
        done=person.cut(ready["file_id"], 0, 1)["job_id"],
        expired=person.post("/v1/upload/request", **FILE).json()["file_id"],
    )
    built.part("abort", built.aborted).raise_for_status()
    etag = put(built.parted["parts"][0]["url"], part_of(1)).raise_for_status().headers["etag"]
    built.etags = [{"part_number": 1, "etag": etag}]
    with studio.rows():
        Upload.update(status="expired").where(Upload.id == built.expired).execute()
        built.uhd, built.long = copy_of(ready, height_px=2160, width_px=3840), copy_of(ready, duration_s=3600.0)
        until(lambda: Job.select().where(Job.status.not_in(("complete", "failed"))).count() == 0)
    return built


def send(person: Person, path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    asked = {"filename": path.name, "content_type": "video/mp4", "file_size": len(content)}
    answer = person.post("/v1/upload/request", **asked).json()
    put(answer["upload_url"], content, "video/mp4").raise_for_status()
    person.checked(answer["file_id"])
    return answer | {"content": content}


def complete(person: Person, path: Path) -> dict[str, Any]:
    """A multipart upload of one part that is ready."""
    size = path.stat().st_size
    asked = {"filename": path.name, "content_type": "video/mp4", "file_size": size}
    begun = person.post(INITIATE, **asked, part_size=size, part_count=1).json()
    etag = put(begun["parts"][0]["url"], path.read_bytes()).headers["etag"]
    ids = {"file_id": begun["file_id"], "upload_id": begun["upload_id"]}
    person.post("/v1/upload/multipart/complete", **ids, parts=[{"part_number": 1, "etag": etag}]).raise_for_status()
    person.checked(begun["file_id"])
    return begun


def copy_of(upload: dict[str, Any], **facts: Any) -> str:
    """The id of another row like this one, whose media has these facts."""
    row = Upload.get_by_id(upload["file_id"])
    row.id = store.new_id("upl_", chars=12, alphabet=store.HEX)
    row.facts = json.dumps(json.loads(row.facts) | facts)
    row.expires_at += timedelta(hours=1)
    row.save(force_insert=True)
    return row.id


def standing(scene: Scene) -> dict[str, Any]:
    """Everything that a refusal may not change."""
    with scene.server.rows():
        return {
            "uploads": Upload.select().count(),
            "states": sorted((row.id, row.status) for row in Upload.select()),
            "jobs": Job.select().count(),
            "entries": LedgerEntry.select().count(),
            "money": [ledger.balance(account.id) for account in Account.select().order_by(Account.id)],
            "files": everything_kept(settings.load(scene.server.folder)),
        }


@pytest.mark.parametrize("name", TABLE)
def test_a_refusal_is_said_and_changes_nothing(scene: Scene, name: str) -> None:
    ask, status, code, sentence = TABLE[name]
    before = standing(scene)
    answer = ask(scene)
    assert answer.status_code == status, answer.text
    said = answer.json()
    assert set(said) == {"error", "code", "param", "request_id"}
    assert (said["code"], bool(re.search(sentence, said["error"]))) == (code, True), said["error"]
    assert said["error"].endswith((".", "?")) and said["request_id"] == answer.headers["request-id"]
    assert standing(scene) == before


def test_a_refused_part_is_absent_and_can_be_sent_again(scene: Scene) -> None:
    assert put(scene.parted["parts"][1]["url"], b"short").status_code == 400
    assert scene.complete([1, 2, 3]).json()["param"] == "parts[1]"
    assert put(scene.parted["parts"][1]["url"], part_of(2)).status_code == 200
    assert scene.complete([1, 2, 3]).json()["param"] == "parts[1]", "the ETag that was named is another one"
