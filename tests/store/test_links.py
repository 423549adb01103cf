import re
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from fastclip.errors import NotAllowed
from fastclip.store.links import Link, Signer

SECRET = b"0123456789abcdef0123456789abcdef"
KEY = "uploads/ab/upl_abc"
NOW = 1_800_000_000.0


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def signer(clock: Clock) -> Signer:
    return Signer(SECRET, clock=clock)


def parts(url: str) -> tuple[str, str]:
    """(key, query)."""
    split = urlsplit(url)
    return split.path.removeprefix("/_s/"), split.query


def changed(url: str, **fields: str) -> tuple[str, str]:
    key, query = parts(url)
    return key, urlencode(dict(parse_qsl(query)) | fields)


def put_link(signer: Signer) -> str:
    return signer.put(KEY, size_bytes=100, content_type="video/mp4", upload_id="a" * 32, part=7, ttl_s=60)


def test_a_put_link_says_back_what_it_was_made_for(signer: Signer) -> None:
    key, query = parts(put_link(signer))
    expected = Link(KEY, int(NOW) + 60, len=100, type="video/mp4", upload="a" * 32, part=7)
    assert signer.read("PUT", key, query) == expected


def test_a_get_link_serves_get_and_head(signer: Signer) -> None:
    key, query = parts(signer.get(KEY, ttl_s=60, content_type="video/mp4", filename="ä ö.mp4", inline=True))
    for method in ("GET", "HEAD"):
        link = signer.read(method, key, query)
        assert (link.name, link.inline, link.type) == ("ä ö.mp4", 1, "video/mp4")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("exp", value) for value in ("1800000061", "1900000000", "99999999999")],
        *[("len", value) for value in ("99", "101", "1000000")],
        *[("type", value) for value in ("text/html", "video/webm", "video/mp4 ")],
        *[("upload", value) for value in ("b" * 32, "", "a" * 31)],
        *[("part", value) for value in ("6", "8", "70")],
        *[("kid", value) for value in ("00000000", "", "deadbeef")],
        *[("m", value) for value in ("GET", "POST", "put")],
        *[("sig", value) for value in ("", "0" * 64, "é" * 64)],
        *[("name", value) for value in ("a", "b.mp4", "../x")],
        *[("inline", value) for value in ("1", "0", "2")],
        *[("other", value) for value in ("1", "", "x")],
    ],
)
def test_a_put_link_with_another_field_is_refused(signer: Signer, field: str, value: str) -> None:
    key, query = changed(put_link(signer), **{field: value})
    with pytest.raises(NotAllowed) as refused:
        signer.read("PUT", key, query)
    assert refused.value.code == "link_invalid"


@pytest.mark.parametrize("key", ["uploads/ab/upl_abd", "uploads/ab/upl_abc/", "clips/ab/upl_abc", ""])
def test_a_link_is_for_its_key_only(signer: Signer, key: str) -> None:
    with pytest.raises(NotAllowed):
        signer.read("PUT", key, parts(put_link(signer))[1])


@pytest.mark.parametrize(
    ("field", "value"), [("name", "other.mp4"), ("inline", "1"), ("type", "text/html"), ("exp", "1900000000")]
)
def test_a_get_link_with_another_field_is_refused(signer: Signer, field: str, value: str) -> None:
    url = signer.get(KEY, ttl_s=60, content_type="video/mp4", filename="a.mp4", inline=False)
    with pytest.raises(NotAllowed):
        signer.read("GET", *changed(url, **{field: value}))


@pytest.mark.parametrize(
    ("made_for", "used_for"), [("PUT", "GET"), ("PUT", "HEAD"), ("GET", "PUT"), ("GET", "DELETE"), ("PUT", "POST")]
)
def test_a_link_is_for_its_method_only(signer: Signer, made_for: str, used_for: str) -> None:
    get = signer.get(KEY, ttl_s=60, content_type="video/mp4", filename="a.mp4", inline=False)
    with pytest.raises(NotAllowed):
        signer.read(used_for, *parts(put_link(signer) if made_for == "PUT" else get))


@pytest.mark.parametrize(("seconds_to_expiry", "works"), [(1, True), (0, True), (-1, False)])
def test_a_link_works_up_to_its_last_second(signer: Signer, clock: Clock, seconds_to_expiry: int, works: bool) -> None:
    key, query = parts(put_link(signer))
    clock.now = NOW + 60 - seconds_to_expiry
    if works:
        assert signer.read("PUT", key, query).exp == int(NOW) + 60
    else:
        with pytest.raises(NotAllowed, match="expired"):
            signer.read("PUT", key, query)


def test_a_link_that_names_a_field_twice_is_refused(signer: Signer) -> None:
    key, query = parts(put_link(signer))
    with pytest.raises(NotAllowed):
        signer.read("PUT", key, query + "&len=100")


@pytest.mark.parametrize(
    "query", ["", "sig", "&&&", "sig=%ff%fe", "a=1&" * 20, "sig=" + "a" * 10_000, "exp=١٢٣", "len=-1", "len=1e3"]
)
def test_nonsense_is_refused_like_any_wrong_link(signer: Signer, query: str) -> None:
    with pytest.raises(NotAllowed):
        signer.read("PUT", KEY, query)


@pytest.mark.parametrize(
    "name",
    [
        "日本語.mp4",
        "a&b=c?d#e.mp4",
        "😀.mp4",
        "%41.mp4",
        "x" * 2000,
        "a+b c.mp4",
        'q"uo"te.mp4',
        "é.mp4",
        "a/b.mp4",
        "",
    ],
)
def test_any_file_name_survives_its_link(signer: Signer, name: str) -> None:
    url = signer.get(KEY, ttl_s=60, content_type="video/mp4", filename=name, inline=False)
    assert url.isascii()
    assert signer.read("GET", *parts(url)).name == name


@pytest.mark.parametrize("name", ["a\nb.mp4", "a\x00b", "\x7f"])
def test_a_field_cannot_smuggle_a_line_into_what_is_signed(signer: Signer, name: str) -> None:
    url = signer.get(KEY, ttl_s=60, content_type="video/mp4", filename=name, inline=False)
    with pytest.raises(NotAllowed):
        signer.read("GET", *parts(url))


def test_after_a_rotation_old_links_work_until_the_old_secret_is_dropped(clock: Clock) -> None:
    old, new = b"a" * 32, b"b" * 32
    url = put_link(Signer(old, clock=clock))
    both = Signer(new, old, clock=clock)
    assert both.read("PUT", *parts(url)).len == 100
    assert re.search("kid=(\\w+)", put_link(both))[1] != re.search("kid=(\\w+)", url)[1]
    with pytest.raises(NotAllowed):
        Signer(new, clock=clock).read("PUT", *parts(url))


def test_the_same_file_keeps_its_address_for_a_quarter_of_an_hour(signer: Signer, clock: Clock) -> None:
    def url() -> str:
        return signer.get(KEY, ttl_s=6 * 3600, content_type="video/mp4", filename="a.mp4", inline=False)

    clock.now = 1_800_000_900.0
    first = url()
    clock.now += 899
    assert url() == first
    clock.now += 1
    assert url() != first
    clock.now = 1_800_000_900.0 + 6 * 3600 - 900
    assert signer.read("GET", *parts(first))


@pytest.mark.parametrize("ttl_s", [0, -1, 3601])
def test_no_put_link_outlives_an_hour(signer: Signer, ttl_s: int) -> None:
    with pytest.raises(ValueError, match="lives"):
        signer.put(KEY, size_bytes=1, ttl_s=ttl_s)
