"""The bytes port: one class, every backend. A backend is a fixture that yields an open store; links go over HTTP."""

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.exceptions import HTTPException

from fastclip.api import files
from fastclip.api.edge import edge
from fastclip.api.hosts import Hosts
from fastclip.api.refusals import answer
from fastclip.errors import FastClipError, NotFound
from fastclip.settings import Settings
from fastclip.store.blobs import Blobs, DiskBlobs, PartMismatch, base_url
from tests.serving import running

MIB = 1 << 20
REFUSED = (400, 403, 411, 413)
"""What stores say to a PUT that is not the one that was signed; S3 knows only some of them."""


def _disk(folder: Path) -> Iterator[Blobs]:
    disk = DiskBlobs(folder / "blobs", b"secret" * 6)
    route = files.route(disk, may_receive=lambda key: None, on_received=lambda key: None)
    app = Litestar(
        [route],
        exception_handlers={FastClipError: answer, HTTPException: answer, Exception: answer},
        openapi_config=None,
        logging_config=None,
    )
    app.asgi_handler = edge(app.asgi_handler, Hosts(Settings(folder)))
    with running(app) as address:
        token = base_url.set(address)
        yield disk
        base_url.reset(token)


BACKENDS = {"disk": _disk}


@pytest.fixture(scope="class", params=BACKENDS)
def blobs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Blobs]:
    yield from BACKENDS[request.param](tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="class")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30) as client:
        yield client


@pytest.fixture
def key(request: pytest.FixtureRequest) -> str:
    """A fresh key for each test."""
    return f"tests/{hashlib.sha1(request.node.nodeid.encode()).hexdigest()}/file.mp4"


def put(http: httpx.Client, url: str, body: bytes, **headers: str) -> httpx.Response:
    return http.put(url, content=body, headers=headers)


def fetch(blobs: Blobs, http: httpx.Client, key: str, **headers: str) -> httpx.Response:
    url = blobs.get_url(key, filename="a.mp4", content_type="video/mp4", ttl_s=60)
    return http.get(url, headers=headers)


@pytest.fixture
def stored(blobs: Blobs, key: str, tmp_path: Path) -> bytes:
    """3,000,000 random bytes under `key`."""
    body = os.urandom(3_000_000)
    (tmp_path / "made").write_bytes(body)
    blobs.save(key, tmp_path / "made")
    return body


class TestBlobs:
    # -- Whole files ---------------------------------------------------------------------------------------

    def test_what_is_put_by_link_is_fetched_by_link(self, blobs: Blobs, http: httpx.Client, key: str) -> None:
        body = os.urandom(2 * MIB + 17)
        url = blobs.put_url(key, size_bytes=len(body), content_type="video/mp4", ttl_s=60)
        answer = put(http, url, body, **{"Content-Type": "video/mp4"})
        assert answer.status_code == 200 and answer.content == b""
        assert re.fullmatch(r'"[^"]+"', answer.headers["etag"])
        assert blobs.size(key) == len(body)
        got = fetch(blobs, http, key)
        assert got.status_code == 200 and got.content == body
        assert got.headers["content-type"] == "video/mp4"

    @pytest.mark.parametrize("size", [0, 99, 101, 3 * MIB])
    def test_a_put_of_another_length_is_refused_and_leaves_nothing(
        self, blobs: Blobs, http: httpx.Client, key: str, size: int
    ) -> None:
        url = blobs.put_url(key, size_bytes=100, content_type="video/mp4", ttl_s=60)
        assert put(http, url, bytes(size), **{"Content-Type": "video/mp4"}).status_code in REFUSED
        assert blobs.size(key) is None

    @pytest.mark.parametrize("kind", ["text/html", "video/webm", "", "video/mp4; charset=utf-8"])
    def test_a_put_of_another_type_is_refused(self, blobs: Blobs, http: httpx.Client, key: str, kind: str) -> None:
        url = blobs.put_url(key, size_bytes=3, content_type="video/mp4", ttl_s=60)
        assert put(http, url, b"abc", **{"Content-Type": kind}).status_code == 403
        assert blobs.size(key) is None

    def test_a_link_to_put_does_not_read_and_one_to_get_does_not_write(
        self, blobs: Blobs, http: httpx.Client, key: str, stored: bytes
    ) -> None:
        write = blobs.put_url(key, size_bytes=3, content_type="video/mp4", ttl_s=60)
        read = blobs.get_url(key, filename="a.mp4", content_type="video/mp4", ttl_s=60)
        assert http.get(write).status_code == 403
        assert put(http, read, b"abc", **{"Content-Type": "video/mp4"}).status_code == 403
        assert fetch(blobs, http, key).content == stored

    def test_a_link_with_another_key_is_refused(
        self, blobs: Blobs, http: httpx.Client, key: str, stored: bytes
    ) -> None:
        url = blobs.get_url(key, filename="a.mp4", content_type="video/mp4", ttl_s=60)
        assert http.get(url.replace("file.mp4?", "other.mp4?")).status_code == 403

    def test_what_was_saved_has_moved_in(self, blobs: Blobs, http: httpx.Client, key: str, tmp_path: Path) -> None:
        (tmp_path / "made").write_bytes(b"made here")
        assert blobs.save(key, tmp_path / "made") == 9
        assert not (tmp_path / "made").exists()
        assert blobs.size(key) == 9
        with blobs.lease(key) as path:
            assert path.read_bytes() == b"made here"
        assert fetch(blobs, http, key).content == b"made here"

    def test_what_was_deleted_is_gone_and_may_be_deleted_again(
        self, blobs: Blobs, http: httpx.Client, key: str, stored: bytes
    ) -> None:
        blobs.delete(key)
        blobs.delete(key)
        assert blobs.size(key) is None
        assert fetch(blobs, http, key).status_code == 404
        with pytest.raises(NotFound), blobs.lease(key):
            pass

    def test_deleting_a_prefix_takes_all_below_it_and_nothing_else(
        self, blobs: Blobs, key: str, tmp_path: Path
    ) -> None:
        folder = key.rsplit("/", 1)[0]
        for name in (f"{folder}/a", f"{folder}/b/c", f"{folder}x/d"):
            (tmp_path / "made").write_bytes(b"x")
            blobs.save(name, tmp_path / "made")
        blobs.delete_prefix(f"{folder}/")
        blobs.delete_prefix(f"{folder}/")
        assert [blobs.size(f"{folder}{rest}") for rest in ("/a", "/b/c", "x/d")] == [None, None, 1]

    # -- Reading -------------------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("asked", "status", "first", "last"),
        [
            ("bytes=0-0", 206, 0, 0),
            ("bytes=0-", 206, 0, 2_999_999),
            ("bytes=100-2000000", 206, 100, 2_000_000),
            ("bytes=2999999-", 206, 2_999_999, 2_999_999),
            ("bytes=2999999-9999999", 206, 2_999_999, 2_999_999),
            ("bytes=-1", 206, 2_999_999, 2_999_999),
            ("bytes=-1000", 206, 2_999_000, 2_999_999),
            ("bytes=-9999999", 206, 0, 2_999_999),
        ],
    )
    def test_a_range_is_answered_with_those_bytes(
        self, blobs: Blobs, http: httpx.Client, key: str, stored: bytes, asked: str, status: int, first: int, last: int
    ) -> None:
        got = fetch(blobs, http, key, Range=asked)
        assert got.status_code == status
        assert got.content == stored[first : last + 1]
        assert got.headers["content-range"] == f"bytes {first}-{last}/3000000"

    @pytest.mark.parametrize("asked", ["bytes=3000000-", "bytes=3000000-3000001", "bytes=-0"])
    def test_a_range_beyond_the_end_cannot_be_had(
        self, blobs: Blobs, http: httpx.Client, key: str, stored: bytes, asked: str
    ) -> None:
        assert fetch(blobs, http, key, Range=asked).status_code == 416

    def test_head_says_the_size_without_the_bytes(
        self, blobs: Blobs, http: httpx.Client, key: str, stored: bytes
    ) -> None:
        url = blobs.get_url(key, filename="a.mp4", content_type="video/mp4", ttl_s=60)
        got = http.head(url)
        assert got.status_code in (200, 403)  # S3 signs HEAD apart
        assert got.status_code == 403 or got.headers["content-length"] == "3000000"

    @pytest.mark.parametrize(
        "name", ["clip.mp4", "Müller – Gespräch.mp4", "日本語の動画.mp4", 'a "b" c.mp4', "x" * 300 + ".mp4"]
    )
    def test_a_download_carries_its_file_name(
        self, blobs: Blobs, http: httpx.Client, key: str, stored: bytes, name: str
    ) -> None:
        got = http.get(blobs.get_url(key, filename=name, content_type="video/mp4", ttl_s=60))
        assert got.status_code == 200
        assert got.headers["content-disposition"].startswith('attachment; filename="')
        shown = http.get(blobs.get_url(key, filename=name, content_type="video/mp4", ttl_s=60, inline=True))
        assert shown.headers["content-disposition"].startswith("inline;")

    # -- Files of many parts -------------------------------------------------------------------------------

    @pytest.fixture
    def parted(self, blobs: Blobs, http: httpx.Client, key: str) -> "Parted":
        return Parted(blobs, http, key)

    def test_parts_in_any_order_become_the_file(self, parted: "Parted") -> None:
        etags = {number: parted.send(number) for number in (3, 1, 2)}
        assert {n: (p.etag, p.size_bytes) for n, p in parted.table().items()} == {
            n: (etags[n], len(parted.part(n))) for n in (1, 2, 3)
        }
        parted.finish([etags[1], etags[2], etags[3]])
        assert parted.content() == parted.body

    def test_a_part_that_is_sent_again_overwrites(self, parted: "Parted") -> None:
        for number in (1, 2, 3):
            parted.send(number, bytes(len(parted.part(number))))
        etags = [parted.send(number) for number in (1, 2, 3)]
        parted.finish(etags)
        assert parted.content() == parted.body

    def test_only_parts_that_are_wholly_there_are_listed(self, parted: "Parted") -> None:
        parted.send(2)
        assert parted.answer(1, parted.part(1)[:-1]).status_code in REFUSED
        assert list(parted.table()) == [2]

    @pytest.mark.parametrize("wrong", [0, 1, 2])
    def test_a_wrong_etag_is_named_by_its_index_and_can_be_mended(self, parted: "Parted", wrong: int) -> None:
        etags = [parted.send(number) for number in (1, 2, 3)]
        with pytest.raises(PartMismatch) as refused:
            parted.finish([*etags[:wrong], "0" * 64, *etags[wrong + 1 :]])
        assert refused.value.index == wrong
        parted.finish(etags)
        assert parted.content() == parted.body

    @pytest.mark.parametrize("missing", [1, 2, 3])
    def test_a_missing_part_is_named_by_its_index(self, parted: "Parted", missing: int) -> None:
        etags = [parted.send(number) if number != missing else "0" * 64 for number in (1, 2, 3)]
        with pytest.raises(PartMismatch) as refused:
            parted.finish(etags)
        assert refused.value.index == missing - 1
        assert parted.blobs.size(parted.key) is None

    def test_finishing_again_does_nothing_and_with_other_etags_is_refused(self, parted: "Parted") -> None:
        etags = [parted.send(number) for number in (1, 2, 3)]
        parted.finish(etags)
        parted.finish(etags)
        with pytest.raises((PartMismatch, NotFound)):
            parted.finish([etags[1], etags[0], etags[2]])
        assert parted.content() == parted.body

    def test_a_finished_upload_takes_no_more_parts(self, parted: "Parted") -> None:
        parted.finish([parted.send(number) for number in (1, 2, 3)])
        assert parted.answer(1, bytes(len(parted.part(1)))).status_code == 404
        assert parted.table() == {}
        assert parted.content() == parted.body

    def test_an_aborted_upload_takes_no_more_parts_and_keeps_nothing(self, parted: "Parted") -> None:
        etags = [parted.send(number) for number in (1, 2, 3)]
        parted.abort()
        parted.abort()
        assert parted.answer(1, parted.part(1)).status_code == 404
        assert parted.table() == {} and parted.blobs.size(parted.key) is None
        with pytest.raises(NotFound):
            parted.finish(etags)

    def test_a_part_link_is_for_its_own_part_only(self, parted: "Parted", http: httpx.Client) -> None:
        other = Parted(parted.blobs, http, parted.key + ".other")
        url = parted.url(1).replace(parted.upload_id, other.upload_id)
        assert put(http, url, parted.part(1)).status_code in (403, 404)
        assert other.table() == {} and parted.table() == {}


class Parted:
    """An upload in three parts, the last one shorter."""

    part_bytes = 5 * MIB

    def __init__(self, blobs: Blobs, http: httpx.Client, key: str) -> None:
        self.blobs, self.http, self.key = blobs, http, key
        self.body = os.urandom(2 * self.part_bytes + 12_345)
        self.upload_id = blobs.begin_parts(key, size_bytes=len(self.body), part_bytes=self.part_bytes)

    def part(self, number: int) -> bytes:
        return self.body[(number - 1) * self.part_bytes : number * self.part_bytes]

    def url(self, number: int) -> str:
        return self.blobs.part_url(self.key, self.upload_id, number, size_bytes=len(self.part(number)), ttl_s=60)

    def answer(self, number: int, body: bytes) -> httpx.Response:
        return put(self.http, self.url(number), body)

    def send(self, number: int, body: bytes | None = None) -> str:
        answer = self.answer(number, self.part(number) if body is None else body)
        assert answer.status_code == 200, answer.text
        return answer.headers["etag"].strip('"')

    def table(self) -> dict[int, Any]:
        return self.blobs.parts(self.key, self.upload_id)

    def finish(self, etags: list[str]) -> None:
        self.blobs.finish_parts(self.key, self.upload_id, etags)

    def abort(self) -> None:
        self.blobs.abort_parts(self.key, self.upload_id)

    def content(self) -> bytes:
        with self.blobs.lease(self.key) as path:
            return path.read_bytes()
