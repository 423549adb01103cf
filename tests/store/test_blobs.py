"""What the contract cannot say of every backend: the disk's own promises."""

import hashlib
import os
import shutil
import time
from pathlib import Path

import pytest

from fastclip.errors import Conflict, InvalidRequest, NotFound, TooLarge
from fastclip.store.blobs import (
    DiskBlobs,
    PartMismatch,
    _home,
    _public,
    address_for_others,
    base_url,
    be_known_at,
    stand_at,
)

KEY = "uploads/ab/upl_abc"


@pytest.fixture
def disk(tmp_path: Path) -> DiskBlobs:
    return DiskBlobs(tmp_path / "blobs", b"s" * 32)


def files(disk: DiskBlobs) -> list[str]:
    return sorted(str(path.relative_to(disk._root)) for path in disk._root.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    "key",
    [
        "",
        "a",
        "a/..",
        "../a/b",
        "a/../b",
        "/etc/passwd",
        "a//b",
        "a/b/",
        "a/./b",
        "a/.parts/b",
        "a\\b/c",
        "a/b\x00",
        "a/b\n",
        "a/ü",
        "a/" + "b" * 129,
    ]
    + ["a/b/c/d/e/f/g", "a/%2e%2e/b", "a/b c", "~/a", "a/-rf"],
)
def test_a_key_that_is_not_of_our_making_is_never_a_path(disk: DiskBlobs, key: str) -> None:
    for use in (
        disk.size,
        disk.delete,
        disk.open,
        lambda key: disk.put_url(key, size_bytes=1, content_type="a/b", ttl_s=1),
    ):
        with pytest.raises(ValueError, match="not a key"):
            use(key)


@pytest.mark.parametrize("prefix", ["", "/", "..", "../", "a", ".parts/", "a/../", "a//"])
def test_only_a_prefix_of_ours_deletes(disk: DiskBlobs, prefix: str) -> None:
    with pytest.raises(ValueError, match="not a prefix"):
        disk.delete_prefix(prefix)


def test_a_symbolic_link_is_not_followed(disk: DiskBlobs, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (disk._root / "a").mkdir()
    (disk._root / "a" / "b").symlink_to(tmp_path / "secret")
    (disk._root / "out").symlink_to(tmp_path)
    with pytest.raises(NotFound):
        disk.open("a/b")
    assert disk.size("a/b") is None
    with pytest.raises(ValueError, match="out of the store"):
        disk.open("out/secret")


def test_nobody_else_on_the_machine_can_look_in(disk: DiskBlobs) -> None:
    assert disk._root.stat().st_mode & 0o777 == 0o700


def test_an_etag_is_the_sha256_of_what_came(disk: DiskBlobs) -> None:
    arrival = disk.arrive(KEY, size_bytes=6)
    arrival.write(b"abc")
    arrival.write(b"def")
    assert arrival.keep() == hashlib.sha256(b"abcdef").hexdigest()


def test_half_a_file_is_nowhere(disk: DiskBlobs) -> None:
    arrival = disk.arrive(KEY, size_bytes=6)
    arrival.write(b"abc")
    assert disk.size(KEY) is None
    with pytest.raises(InvalidRequest):
        arrival.keep()
    with pytest.raises(TooLarge):
        arrival.write(b"defg")
    arrival.drop()
    assert files(disk) == []


def test_a_file_from_another_disk_is_moved_in_whole(disk: DiskBlobs) -> None:
    elsewhere = Path("/dev/shm") / f"fastclip-test-{os.getpid()}"
    if not elsewhere.parent.is_dir() or elsewhere.parent.stat().st_dev == disk._root.stat().st_dev:
        pytest.skip("there is no second file system here")
    body = os.urandom(3_000_000)
    elsewhere.write_bytes(body)
    assert disk.save(KEY, elsewhere) == len(body)
    assert not elsewhere.exists() and files(disk) == [KEY]
    with disk.lease(KEY) as path:
        assert path.read_bytes() == body


def test_finishing_copies_nothing(disk: DiskBlobs) -> None:
    upload_id = disk.begin_parts(KEY, size_bytes=10, part_bytes=5)
    etags = [_send(disk, upload_id, number) for number in (1, 2)]
    inode = (disk._root / ".parts" / upload_id / "data").stat().st_ino
    disk.finish_parts(KEY, upload_id, etags)
    assert (disk._root / KEY).stat().st_ino == inode


def test_a_part_counts_as_absent_from_the_first_byte_that_overwrites_it(disk: DiskBlobs) -> None:
    upload_id = disk.begin_parts(KEY, size_bytes=10, part_bytes=5)
    etags = [_send(disk, upload_id, number) for number in (1, 2)]
    again = disk.arrive_part(KEY, upload_id, 2, size_bytes=5)
    assert list(disk.parts(KEY, upload_id)) == [1]
    with pytest.raises(PartMismatch):
        disk.finish_parts(KEY, upload_id, etags)
    again.write(b"2222")
    again.drop()
    assert list(DiskBlobs(disk._root, b"s" * 32).parts(KEY, upload_id)) == [1]


def test_a_newer_sender_of_a_part_cuts_the_older_one_off(disk: DiskBlobs) -> None:
    upload_id = disk.begin_parts(KEY, size_bytes=10, part_bytes=5)
    older = disk.arrive_part(KEY, upload_id, 1, size_bytes=5)
    older.write(b"old")
    etags = [_send(disk, upload_id, 1), _send(disk, upload_id, 2)]
    with pytest.raises(Conflict):
        older.write(b"er")
    older.drop()
    disk.finish_parts(KEY, upload_id, etags)
    assert (disk._root / KEY).read_bytes() == b"1111122222"


def test_a_part_that_ends_after_the_abort_is_not_acknowledged(disk: DiskBlobs) -> None:
    upload_id = disk.begin_parts(KEY, size_bytes=10, part_bytes=5)
    late = disk.arrive_part(KEY, upload_id, 1, size_bytes=5)
    late.write(b"11111")
    disk.abort_parts(KEY, upload_id)
    with pytest.raises(NotFound):
        late.keep()
    late.drop()
    assert files(disk) == []


def test_an_upload_belongs_to_its_key(disk: DiskBlobs) -> None:
    upload_id = disk.begin_parts(KEY, size_bytes=10, part_bytes=5)
    disk.abort_parts(KEY + "x", upload_id)
    with pytest.raises(NotFound):
        disk.arrive_part(KEY + "x", upload_id, 1, size_bytes=5)
    for unknown in ("", "../..", "0" * 32, upload_id.upper()):
        with pytest.raises(NotFound):
            disk.arrive_part(KEY, unknown, 1, size_bytes=5)
    disk.arrive_part(KEY, upload_id, 1, size_bytes=5).drop()


def test_tidying_takes_what_was_left_behind_two_days_ago_and_nothing_newer(disk: DiskBlobs) -> None:
    fresh, stale = (disk.begin_parts(KEY, size_bytes=10, part_bytes=5) for _ in range(2))
    for name in ("fresh", "stale"):
        (disk._root / ".arriving" / name).write_text("half")
    long_ago = time.time() - 49 * 3600
    os.utime(disk._root / ".parts" / stale, (long_ago, long_ago))
    os.utime(disk._root / ".arriving" / "stale", (long_ago, long_ago))
    disk.tidy()
    assert [path.name for path in (disk._root / ".parts").iterdir()] == [fresh]
    assert [path.name for path in (disk._root / ".arriving").iterdir()] == ["fresh"]


def test_a_sparse_file_takes_no_room_before_its_parts_come(disk: DiskBlobs) -> None:
    free = shutil.disk_usage(disk._root).free
    upload_id = disk.begin_parts(KEY, size_bytes=min(5_000_000_000, free // 2), part_bytes=1 << 25)
    assert (disk._root / ".parts" / upload_id / "data").stat().st_blocks < 100


def _send(disk: DiskBlobs, upload_id: str, number: int) -> str:
    arrival = disk.arrive_part(KEY, upload_id, number, size_bytes=5)
    arrival.write(str(number).encode() * 5)
    return arrival.keep()


@pytest.mark.parametrize(
    ("public", "came_to", "home", "address"),
    [
        ("https://clips.example.org/", "http://192.0.2.7:8787", "http://192.0.2.2:8787", "https://clips.example.org"),
        ("", "http://studio.lan:8787", "http://192.0.2.2:8787", "http://studio.lan:8787"),
        ("", "http://127.0.0.1:8787", "http://192.0.2.2:8787", "http://192.0.2.2:8787"),
        ("", "http://[::1]:8787", "http://192.0.2.2:8787", "http://192.0.2.2:8787"),
        ("", "http://localhost:8787", "", "http://localhost:8787"),
        ("", "", "http://192.0.2.2:8787", "http://192.0.2.2:8787"),
    ],
)
def test_a_link_that_is_passed_on_leads_others_here(public: str, came_to: str, home: str, address: str) -> None:
    before, token = (_public[0], _home[0]), base_url.set(came_to)
    try:
        stand_at(home)
        be_known_at(public)
        assert address_for_others() == address
    finally:
        (_public[0], _home[0]) = before
        base_url.reset(token)
