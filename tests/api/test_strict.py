from typing import Annotated, Literal

import pytest
from msgspec import Meta

from fastclip.api.strict import Ask, read
from fastclip.errors import InvalidRequest
from tests.api.conftest import Site


class Clip(Ask):
    start: Annotated[float, Meta(ge=0)]


class Part(Ask):
    etag: Annotated[str, Meta(min_length=1, max_length=5)]


class Made(Ask):
    name: str
    size: Annotated[int, Meta(ge=1, le=1000)] = 1
    is_kept: bool = False
    kind: Literal["a", "b"] = "a"
    clip: Clip | None = None
    parts: Annotated[list[Part], Meta(min_length=1, max_length=2)] | None = None


@pytest.mark.parametrize(
    ("body", "param", "sentence"),
    [
        ("{}", "name", "`name` is missing."),
        ('{"name":5}', "name", "`name` must be a text, not a whole number."),
        ('{"name":null}', "name", "`name` must be a text, not null."),
        ('{"name":"a","size":"5"}', "size", "`size` must be a whole number, not a text."),
        ('{"name":"a","size":true}', "size", "`size` must be a whole number, not true or false."),
        ('{"name":"a","size":1.5}', "size", "`size` must be a whole number, not a number."),
        ('{"name":"a","size":0}', "size", "`size` must be at least 1."),
        ('{"name":"a","size":1001.0}', "size", "`size` must be at most 1000."),
        ('{"name":"a","is_kept":1}', "is_kept", "`is_kept` must be true or false, not a whole number."),
        ('{"name":"a","is_kept":"true"}', "is_kept", "`is_kept` must be true or false, not a text."),
        ('{"name":"a","kind":"c"}', "kind", "`kind` cannot be 'c'."),
        ('{"name":"a","more":1}', "more", "`more` is not a field of this request."),
        ('{"name":"a","clip":{}}', "clip.start", "`clip.start` is missing."),
        ('{"name":"a","clip":{"start":"1"}}', "clip.start", "`clip.start` must be a number, not a text."),
        ('{"name":"a","clip":{"start":-0.5}}', "clip.start", "`clip.start` must be at least 0."),
        ('{"name":"a","clip":{"start":1,"x":2}}', "clip.x", "`clip.x` is not a field of this request."),
        ('{"name":"a","clip":5}', "clip", "`clip` must be an object or null, not a whole number."),
        ('{"name":"a","parts":[]}', "parts", "`parts` must have at least 1 entries."),
        (
            '{"name":"a","parts":[{"etag":"a"},{"etag":""}]}',
            "parts[1].etag",
            "`parts[1].etag` must have at least 1 characters.",
        ),
        (
            '{"name":"a","parts":[{"etag":"aaaaaa"}]}',
            "parts[0].etag",
            "`parts[0].etag` must have at most 5 characters.",
        ),
        ('{"name":"a","parts":{}}', "parts", "`parts` must be a list or null, not an object."),
        ("[]", None, "The body must be an object, not a list."),
        ("null", None, "The body must be an object, not null."),
        ('"a"', None, "The body must be an object, not a text."),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused_by_the_name_of_the_field(
    body: str, param: str | None, sentence: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read(body.encode(), Made)
    assert (refused.value.param, refused.value.message, refused.value.code) == (param, sentence, "invalid_request")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        '{"name":NaN}',
        '{"name":"a","size":Infinity}',
        "{'name':'a'}",
        '{"name":"a",}',
        "\udcff",
        '{"name":"a","clip":{"start":1e400}}',
        "[" * 100_000,
    ],
)
def test_what_is_not_json_is_refused_as_such(body: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read(body.encode("utf-8", "surrogateescape"), Made)
    assert refused.value.code == "malformed_json"


@pytest.mark.parametrize(
    ("body", "size"),
    [('{"name":"a","size":121.0}', 121), ('{"name":"a","size":1e2}', 100), ('{"size":2,"name":"a","size":3}', 3)],
)
def test_an_integer_may_be_written_with_a_point_and_the_last_of_two_counts(body: str, size: int) -> None:
    made = read(body.encode(), Made)
    assert made.size == size and type(made.size) is int


@pytest.mark.parametrize(("value", "start"), [("5", 5.0), ("5.0", 5.0), ("5.25", 5.25), ("0", 0.0)])
def test_a_number_may_be_written_without_a_point(value: str, start: float) -> None:
    made = read(f'{{"name":"a","clip":{{"start":{value}}}}}'.encode(), Made)
    assert made.clip.start == start and type(made.clip.start) is float


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
        "application/jsonx",
        "text/json",
    ],
)
def test_only_json_is_a_body(site: Site, kind: str) -> None:
    with site.with_key() as client:
        headers = {"Content-Type": kind} if kind else {}
        answer = client.post("/v1/upload/abort", content=b'{"file_id":"upl_x"}', headers=headers)
    assert answer.status_code == 415 and answer.json()["code"] == "unsupported_content_type"


def test_json_may_name_its_charset_and_integral_floats_reach_the_handler(site: Site) -> None:
    with site.with_key() as client:
        body = b'{"filename":"a.mp4","content_type":"video/mp4","file_size":121.0}'
        answer = client.post(
            "/v1/upload/request", content=body, headers={"Content-Type": "Application/JSON; charset=utf-8"}
        )
    assert answer.status_code == 200, answer.text
    assert "len=121&" in answer.json()["upload_url"]


def test_query_parameters_are_refused_by_name_too(site: Site) -> None:
    with site.with_key() as client:
        for query, param in (
            ("limit=x", "limit"),
            ("limit=0", "limit"),
            ("limit=101", "limit"),
            ("pinned=perhaps", "pinned"),
            ("sort=size", "sort"),
        ):
            answer = client.get(f"/v1/clips?{query}")
            assert (answer.status_code, answer.json()["param"]) == (400, param), query
