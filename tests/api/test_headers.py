import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastclip.api.headers import MAX_NAME_BYTES, byte_range, disposition, media_type, safe_filename, served


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=0-", (0, 100)),
        ("bytes=10-19", (10, 10)),
        ("bytes=99-", (99, 1)),
        ("bytes=99-1000", (99, 1)),
        ("bytes=-1", (99, 1)),
        ("bytes=-100", (0, 100)),
        ("bytes=-1000", (0, 100)),
        ("bytes = 0-0", None),
        ("Bytes=0-0", (0, 1)),
        ("bytes= 5 - 6 ", (5, 2)),
        ("bytes=100-", (100, 0)),
        ("bytes=100-200", (100, 0)),
        ("bytes=-0", (100, 0)),
        ("bytes=20-10", None),
        ("bytes=0-0,5-6", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("bytes=0x1-2", None),
        ("bytes=+1-2", None),
        ("bytes=1--2", None),
        ("items=0-1", None),
        ("0-1", None),
        ("", None),
        ("bytes=" + "9" * 30 + "-", (int("9" * 30), 0)),
    ],
)
def test_a_range_of_a_hundred_bytes(header: str, expected: tuple[int, int] | None) -> None:
    assert byte_range(header, 100) == expected


@pytest.fixture
def found(tmp_path: Path) -> os.stat_result:
    (tmp_path / "file").write_bytes(bytes(100))
    os.utime(tmp_path / "file", (1_800_000_000, 1_800_000_000))
    return (tmp_path / "file").stat()


def test_a_range_counts_only_while_the_client_has_the_same_file(found: os.stat_result) -> None:
    whole = served({}, found)
    etag, modified = whole.headers["ETag"], whole.headers["Last-Modified"]
    for if_range, status in [(etag, 206), (modified, 206), ('"other"', 200), (f"W/{etag}", 200), ("nonsense", 200)]:
        assert served({"range": "bytes=0-9", "if-range": if_range}, found).status == status


def test_a_file_that_the_client_has_is_not_sent_again(found: os.stat_result) -> None:
    etag = served({}, found).headers["ETag"]
    later, earlier = "Wed, 01 Jan 2098 00:00:00 GMT", "Wed, 01 Jan 2020 00:00:00 GMT"
    table = [
        ({"if-none-match": etag}, 304),
        ({"if-none-match": f'"a", W/{etag}'}, 304),
        ({"if-none-match": "*"}, 304),
        ({"if-none-match": '"a"'}, 200),
        ({"if-none-match": '"a"', "if-modified-since": later}, 200),
        ({"if-modified-since": later}, 304),
        ({"if-modified-since": earlier}, 200),
        ({"if-modified-since": "yesterday"}, 200),
    ]
    for asked, status in table:
        assert served(asked, found).status == status, asked


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("clip.mp4", "clip.mp4"),
        ("a/b\\c.mp4", "a_b_c.mp4"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("a\x00b\x1f\x7f.mp4", "ab.mp4"),
        ("\u202egpj.exe.mp4", "gpj.exe.mp4"),
        ("a\u200b\u200f\ufeffb.mp4", "ab.mp4"),
        ("  spaces   inside .mp4  ", "spaces inside.mp4"),
        ("trailing. . .", "trailing"),
        (".hidden.mp4", "hidden.mp4"),
        ("CON", "_CON"),
        ("nul.mp4", "_nul.mp4"),
        ("com1.txt", "_com1.txt"),
        ("console.mp4", "console.mp4"),
        ('a"b<c>d|e?f*g:h.mp4', "a_b_c_d_e_f_g_h.mp4"),
        ("e\u0301.mp4", "é.mp4"),
        ("line\nbreak\r.mp4", "linebreak.mp4"),
        ("", "download"),
        ("...", "download"),
        ("\u202e", "download"),
    ],
)
def test_a_file_name_that_every_system_can_save(name: str, expected: str) -> None:
    assert safe_filename(name) == expected


def test_a_long_name_keeps_its_extension() -> None:
    assert safe_filename("ü" * 500 + ".mp4").endswith("ü.mp4")
    assert len(safe_filename("ü" * 500 + ".mp4").encode()) <= MAX_NAME_BYTES


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=300))
def test_no_name_breaks_the_header_or_a_file_system(name: str) -> None:
    said, safe = disposition(name, inline=False), safe_filename(name)
    assert said.isascii() and said.isprintable() and "\n" not in said
    assert said.count('"') == 2
    assert 0 < len(safe.encode()) <= MAX_NAME_BYTES
    assert not set(safe) & set('/\\:*?"<>|') and safe not in (".", "..") and safe[-1] not in " ."
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in safe)


def test_browsers_get_the_name_as_it_is_and_others_one_in_ascii() -> None:
    assert disposition("Gespräch.mp4", inline=False) == (
        "attachment; filename=\"Gesprach.mp4\"; filename*=UTF-8''Gespr%C3%A4ch.mp4"
    )
    assert disposition("clip.mp4", inline=True) == 'inline; filename="clip.mp4"'


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        ("video/mp4", "video/mp4"),
        ("Audio/MPEG; x=y", "audio/mpeg"),
        ("image/jpeg", "image/jpeg"),
        ("image/svg+xml", "application/octet-stream"),
        ("text/html", "application/octet-stream"),
        ("application/xhtml+xml", "application/octet-stream"),
        ("video/mp4\r\nX: y", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_nothing_is_served_as_a_page(said: str, sent: str) -> None:
    assert media_type(said) == sent
