from collections import namedtuple
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fastclip import intake, leases, multipart, rules, store, uploads
from fastclip.accounts import Account
from fastclip.billing import ledger
from fastclip.errors import Conflict, FastClipError, InsufficientBalance, InvalidRequest, NotFound, Unavailable
from fastclip.jobs import Job
from fastclip.settings import Settings
from fastclip.uploads import Upload
from tests.conftest import Send, everything_kept, send_file

PART = rules.MIN_PART_BYTES
CLIP = {"start": 1, "end": 2}


@pytest.fixture(autouse=True)
def _waiting(rung: list[str]) -> None:
    """Validation waits: this file is about what comes before it."""


def ask(account: Account, **other: Any) -> Upload:
    facts = {"filename": "source.mp4", "content_type": "video/mp4", "file_size": 100} | other
    return intake.request(account, **facts)[0]


def begin(account: Account, file_size: int = 2 * PART + 1, **other: Any) -> tuple[Upload, list[dict[str, Any]]]:
    parts = {"part_size": PART, "part_count": -(-file_size // PART)} | other
    return multipart.initiate(account, "source.mp4", "video/mp4", file_size, **parts)


def put(upload: Upload, number: int, content: bytes) -> tuple[int, str]:
    arrival = store.blobs.arrive_part(upload.key, upload.multipart_id, number, size_bytes=len(content))
    arrival.write(content)
    return number, arrival.keep()


def put_all(upload: Upload) -> list[tuple[int, str]]:
    sizes = [PART] * (upload.part_count - 1) + [upload.file_size - PART * (upload.part_count - 1)]
    return [put(upload, n, bytes([n]) * size) for n, size in enumerate(sizes, 1)]


def credited(account: Account, cents: int) -> Account:
    with store.write():
        ledger.credit(account.id, "grant", cents, key=store.new_id("grant:"))
    return account


# -- Asking for links --------------------------------------------------------------------------------------


def test_a_new_upload_is_pending_for_24_hours(owner: Account) -> None:
    upload, link = intake.request(owner, "source.mp4", "video/mp4", 734_003_200)
    assert link.startswith(f"/_s/{upload.key}?") and upload.id in upload.key
    said = uploads.describe(uploads.get(owner.id, upload.id))
    assert said | {"created_at": "", "expires_at": ""} == {
        "file_id": upload.id,
        "status": "pending",
        "filename": "source.mp4",
        "content_type": "video/mp4",
        "file_size": 734003200,
        "duration": None,
        "duration_seconds": None,
        "max_height": None,
        "format_detected": None,
        "media_kind": None,
        "has_video": None,
        "has_audio": None,
        "error": None,
        "created_at": "",
        "expires_at": "",
        "clip_requested": False,
        "clip_job_id": None,
    }
    assert upload.expires_at - upload.created_at == timedelta(hours=24)


@pytest.mark.parametrize("extension", rules.EXTENSIONS)
def test_all_fourteen_extensions_are_taken_in_any_case(owner: Account, extension: str) -> None:
    assert len(rules.EXTENSIONS) == 14
    for written in (extension, extension.upper()):
        assert ask(owner, filename=f"a.{written}").filename == f"a.{written}"


@pytest.mark.parametrize(
    ("change", "status", "code", "param"),
    [
        ({"filename": "a.exe"}, 422, "unsupported_media", "filename"),
        ({"filename": "mp4"}, 422, "unsupported_media", "filename"),
        ({"filename": "a.mp4.txt"}, 422, "unsupported_media", "filename"),
        ({"filename": "\x00\x1f"}, 400, "invalid_request", "filename"),
        ({"filename": "folder/"}, 400, "invalid_request", "filename"),
        ({"content_type": "video"}, 400, "invalid_request", "content_type"),
        ({"content_type": "video/"}, 400, "invalid_request", "content_type"),
        ({"content_type": "a/b\r\nx: y"}, 400, "invalid_request", "content_type"),
        ({"clip": {"start": 2, "end": 2}}, 400, "invalid_request", "clip.end"),
        ({"clip": {"start": 0, "end": 600.01}}, 400, "invalid_request", "clip.end"),
        ({"file_size": 10**18}, 503, "insufficient_storage", None),
    ],
)
def test_what_cannot_be_uploaded_is_refused_before_anything_is_kept(
    owner: Account, data: Settings, change: dict[str, Any], status: int, code: str, param: str | None
) -> None:
    with pytest.raises(FastClipError) as refusal:
        ask(owner, **change)
    assert (refusal.value.status, refusal.value.code, refusal.value.param) == (status, code, param)
    assert Upload.select().count() == 0 and everything_kept(data) == []
    assert ledger.balance(owner.id) == (0, 0)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("C:\\films\\a.mp4", "a.mp4"),
        ("../../etc/a.mp4", "a.mp4"),
        ("a\u202e4pm.mp4", "a4pm.mp4"),
        ("e\u0301.mp4", "\u00e9.mp4"),
        (" a.mp4. ", "a.mp4"),
        ("a\x00b.mp4", "ab.mp4"),
        ("日本語.mp4", "日本語.mp4"),
    ],
)
def test_a_file_name_is_kept_for_showing_only(owner: Account, given: str, shown: str) -> None:
    upload = ask(owner, filename=given)
    assert upload.filename == shown
    assert upload.key == f"uploads/{upload.id[4:6]}/{upload.id}"


def test_a_disk_that_is_nearly_full_takes_nothing(owner: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(intake.shutil, "disk_usage", lambda _: usage(0, 0, rules.FREE_DISK_MARGIN_BYTES + 99))
    with pytest.raises(Unavailable) as refusal:
        ask(owner, file_size=100)
    assert refusal.value.code == "insufficient_storage"
    ask(owner, file_size=99)


# -- One-shot clips ----------------------------------------------------------------------------------------


def test_a_one_shot_clip_reserves_its_price(member: Account) -> None:
    upload = ask(credited(member, 5), clip=CLIP)
    assert ledger.balance(member.id) == (3, 2)
    assert uploads.describe(upload)["clip_requested"] is True


def test_a_one_shot_clip_that_cannot_be_paid_leaves_no_upload(member: Account, data: Settings) -> None:
    with pytest.raises(InsufficientBalance):
        ask(member, clip=CLIP)
    with pytest.raises(InsufficientBalance):
        begin(member, clip=CLIP)
    assert Upload.select().count() == 0 and everything_kept(data) == []


def test_an_aborted_upload_gives_its_reserve_back(member: Account) -> None:
    upload = ask(credited(member, 5), clip=CLIP)
    aborted = uploads.abort(member.id, upload.id)
    assert (aborted.status, aborted.error_code) == ("failed", "canceled")
    assert ledger.balance(member.id) == (5, 0)
    assert uploads.abort(member.id, upload.id).status == "failed"
    assert ledger.balance(member.id) == (5, 0)


# -- Parts -------------------------------------------------------------------------------------------------


def test_every_part_gets_its_own_link(owner: Account) -> None:
    upload, parts = begin(owner)
    assert [part["part_number"] for part in parts] == [1, 2, 3]
    assert len({part["url"] for part in parts}) == 3
    assert upload.multipart_id


@pytest.mark.parametrize(
    ("size", "part_size", "part_count", "param"),
    [
        (2 * PART, PART, 3, "part_count"),
        (2 * PART + 1, PART, 2, "part_count"),
        (2 * PART, PART - 1, 3, "part_size"),
        (2 * rules.MAX_PART_BYTES, rules.MAX_PART_BYTES + 1, 2, "part_size"),
    ],
)
def test_a_part_plan_that_does_not_fit_the_file_is_refused(
    owner: Account, data: Settings, size: int, part_size: int, part_count: int, param: str, monkeypatch: Any
) -> None:
    monkeypatch.setattr(intake, "_check_room", lambda size: None)
    with pytest.raises(InvalidRequest) as refusal:
        begin(owner, size, part_size=part_size, part_count=part_count)
    assert refusal.value.param == param
    assert Upload.select().count() == 0 and everything_kept(data) == []


def test_a_single_part_may_be_of_any_size(owner: Account) -> None:
    upload, _ = begin(owner, 7, part_size=7, part_count=1)
    assert multipart.complete(owner.id, upload.id, upload.multipart_id, [put(upload, 1, b"7 bytes")])


def test_completed_parts_are_one_file_and_are_checked(owner: Account, rung: list[str]) -> None:
    upload, _ = begin(owner)
    parts = put_all(upload)
    multipart.complete(owner.id, upload.id, upload.multipart_id, parts)
    with store.blobs.lease(upload.key) as path:
        assert path.read_bytes() == b"\x01" * PART + b"\x02" * PART + b"\x03"
    job = Job.get()
    assert (job.kind, job.lane, job.file_id, rung) == ("validate", "light", upload.id, [job.id])
    assert uploads.get(owner.id, upload.id).status == "processing"


def test_completing_again_with_the_same_list_changes_nothing(owner: Account, rung: list[str]) -> None:
    upload, _ = begin(owner)
    parts = put_all(upload)
    for _ in range(2):
        multipart.complete(owner.id, upload.id, upload.multipart_id, parts)
    quoted = [(number, f'"{etag}"') for number, etag in parts]
    multipart.complete(owner.id, upload.id, upload.multipart_id, quoted)
    assert Job.select().count() == 1 and len(rung) == 1
    with pytest.raises(Conflict):
        multipart.complete(owner.id, upload.id, upload.multipart_id, [(n, "another") for n, _ in parts])


@pytest.mark.parametrize(
    ("change", "param"),
    [
        (lambda parts: parts[:2], "parts"),
        (lambda parts: [parts[1], parts[0], parts[2]], "parts[0]"),
        (lambda parts: [parts[0], parts[0], parts[2]], "parts[1]"),
        (lambda parts: [*parts, (4, "etag")], "parts"),
        (lambda parts: [parts[0], (2, "wrong"), parts[2]], "parts[1]"),
    ],
)
def test_a_wrong_list_of_parts_is_refused_and_the_upload_stays_open(owner: Account, change: Any, param: str) -> None:
    upload, _ = begin(owner)
    parts = put_all(upload)
    with pytest.raises(InvalidRequest) as refusal:
        multipart.complete(owner.id, upload.id, upload.multipart_id, change(parts))
    assert refusal.value.param == param
    assert multipart.complete(owner.id, upload.id, upload.multipart_id, parts)


def test_a_part_that_never_came_is_named(owner: Account) -> None:
    upload, _ = begin(owner)
    first = put(upload, 1, b"\x01" * PART)
    with pytest.raises(InvalidRequest, match="Part 2: it has not arrived") as refusal:
        multipart.complete(owner.id, upload.id, upload.multipart_id, [first, (2, "x"), (3, "y")])
    assert refusal.value.param == "parts[1]"


def test_links_for_parts_can_be_asked_for_again(owner: Account) -> None:
    upload, _ = begin(owner)
    parts = multipart.refresh(owner.id, upload.id, upload.multipart_id, [3, 1])
    assert [part["part_number"] for part in parts] == [3, 1]
    for wrong in ([0], [1, 4]):
        with pytest.raises(InvalidRequest) as refusal:
            multipart.refresh(owner.id, upload.id, upload.multipart_id, wrong)
        assert refusal.value.param == f"part_numbers[{len(wrong) - 1}]"


def test_an_aborted_multipart_upload_keeps_no_byte_and_takes_none(owner: Account, data: Settings) -> None:
    upload, _ = begin(owner)
    put(upload, 1, b"\x01" * PART)
    for _ in range(2):
        assert multipart.abort(owner.id, upload.id, upload.multipart_id).status == "failed"
    assert everything_kept(data) == []
    with pytest.raises(NotFound):
        put(upload, 2, b"\x02" * PART)
    with pytest.raises(Conflict):
        multipart.refresh(owner.id, upload.id, upload.multipart_id, [1])
    with pytest.raises(Conflict):
        multipart.complete(owner.id, upload.id, upload.multipart_id, [(1, "x"), (2, "y"), (3, "z")])


def test_each_kind_of_upload_has_its_own_abort(owner: Account) -> None:
    simple, (parted, _) = ask(owner), begin(owner)
    with pytest.raises(Conflict, match="multipart/abort"):
        uploads.abort(owner.id, parted.id)
    with pytest.raises(NotFound):
        multipart.abort(owner.id, simple.id, "")
    with pytest.raises(NotFound):
        multipart.abort(owner.id, parted.id, "another")


# -- Bytes arrive ------------------------------------------------------------------------------------------


def test_bytes_are_awaited_only_while_the_upload_is_pending(owner: Account, tiny: Path) -> None:
    upload = ask(owner)
    uploads.may_receive(upload.key)
    sent = send_file(owner, tiny)
    with pytest.raises(Conflict, match="is processing; it takes no more bytes"):
        uploads.may_receive(sent.key)
    with pytest.raises(NotFound):
        uploads.may_receive("uploads/00/upl_000000000000")


def test_bytes_that_came_are_checked_once(owner: Account, tiny: Path, send: Send, rung: list[str]) -> None:
    upload = send(owner, tiny)
    uploads.received(upload.key)
    assert Job.select().count() == 1 and len(rung) == 1


def test_a_queue_that_is_down_loses_no_upload(
    owner: Account, tiny: Path, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes are there and the job is a row: the client is not told to send them again, the sweep rings."""

    def down(*_: object, **__: object) -> None:
        raise Unavailable("down")

    monkeypatch.setattr(store.queue, "push", down)
    upload = send(owner, tiny)
    parted, _ = begin(owner)
    multipart.complete(owner.id, parted.id, parted.multipart_id, put_all(parted))
    assert {upload.status, uploads.get(owner.id, parted.id).status} == {"processing"}
    Job.update(rung_at=0.0).execute()
    assert {job.file_id for job in leases.unheard()} == {upload.id, parted.id}


# -- Reading -----------------------------------------------------------------------------------------------


def test_an_upload_of_another_account_is_not_there(owner: Account, member: Account) -> None:
    upload, (parted, _) = ask(owner), begin(owner)
    for act in (
        lambda: uploads.get(member.id, upload.id),
        lambda: uploads.get_ready(member.id, upload.id),
        lambda: uploads.abort(member.id, upload.id),
        lambda: multipart.refresh(member.id, parted.id, parted.multipart_id, [1]),
        lambda: multipart.complete(member.id, parted.id, parted.multipart_id, []),
        lambda: multipart.abort(member.id, parted.id, parted.multipart_id),
    ):
        with pytest.raises(NotFound):
            act()


def test_work_cannot_begin_on_what_is_not_ready(owner: Account) -> None:
    with pytest.raises(Conflict, match="wait until its status is ready") as refusal:
        uploads.get_ready(owner.id, ask(owner).id)
    assert refusal.value.code == "upload_not_ready"


def test_uploads_are_listed_newest_first_page_by_page(owner: Account, member: Account) -> None:
    made = [ask(owner).id for _ in range(5)]
    ask(member)
    first = uploads.recent(owner.id, limit=2, before=None)
    rest = uploads.recent(owner.id, limit=9, before=first[-1].id)
    assert [one.id for one in first + rest] == made[::-1]


def test_uploads_of_one_moment_are_all_listed(owner: Account) -> None:
    made = {ask(owner).id for _ in range(5)}
    Upload.update(created_at=store.now()).execute()
    seen, before = [], None
    while page := uploads.recent(owner.id, limit=2, before=before):
        seen += [one.id for one in page]
        before = seen[-1]
    assert sorted(seen) == sorted(made)


def test_what_changed_is_told_to_its_account_only(owner: Account, member: Account) -> None:
    upload = ask(owner)
    moment = uploads.get(owner.id, upload.id).changed
    assert uploads.changed_since(owner.id, moment) == []
    uploads.abort(owner.id, upload.id)
    assert [one.id for one in uploads.changed_since(owner.id, moment)] == [upload.id]
    assert uploads.changed_since(member.id, moment) == []
