"""Captions over HTTP, from the ask to the clip."""

import struct
from pathlib import Path

import pytest

from fastclip import store, transcription
from fastclip.accounts import Account
from fastclip.media import fonts
from fastclip.media.words import Word
from fastclip.worker import Worker
from tests.api.conftest import Site
from tests.conftest import send_file

WORDS = [Word("Hello", 0.2, 0.6), Word("big", 0.7, 1.0), Word("world.", 1.1, 1.5)]


@pytest.fixture(scope="module", autouse=True)
def _working(site: Site) -> None:
    """A pushed job runs at once."""
    store.queue.serve(Worker(site.settings).perform, {})


def source(site: Site, tiny: Path) -> str:
    upload = send_file(Account.get_by_id(site.owner_id), tiny)
    transcription.replace(site.owner_id, upload.id, WORDS, duration_s=3.0)
    return upload.id


def test_an_upload_is_captioned_and_the_job_tells_the_references_fields(site: Site, tiny: Path) -> None:
    with site.with_key() as client:
        ask = {"file_id": source(site, tiny), "preset_ref": "builtin:short-form-karaoke"}
        answer = client.post("/v1/captions", json=ask).raise_for_status().json()
        assert answer == {"job_id": answer["job_id"], "status": "pending", "reserved": 0.02}
        job = client.get(f"/v1/captions/{answer['job_id']}").raise_for_status().json()
        assert (job["status"], job["progress"], job["captioned"], job["cost"]) == ("complete", 100, True, 0.02), job
        assert job["share_url"] == f"/c/{job['clip_id']}" and job["embed_url"] == f"/embed/{job['clip_id']}"
        assert client.get(job["download_url"]).content[4:8] == b"ftyp"
        assert client.get(f"/v1/clip/{answer['job_id']}").status_code == 404
        with site.client(Authorization=f"Bearer {site.member_key}") as other:
            assert other.get(f"/v1/captions/{answer['job_id']}").status_code == 404
        listed = client.get("/v1/jobs?state=all").json()["data"]
        assert answer["job_id"] in [one["job_id"] for one in listed]
        assert client.get("/v1/clips?captioned=true").json()["total"] >= 1


def test_a_trim_takes_captions_and_serves_only_trims_as_clips(site: Site, tiny: Path) -> None:
    with site.with_key() as client:
        ask = {"file_id": source(site, tiny), "start": 0, "end": 2, "format": "mp4"}
        captions = {"captions": {"preset_ref": "builtin:bold-hook"}}
        answer = client.post("/v1/clip", json=ask | captions).raise_for_status().json()
        job = client.get(f"/v1/clip/{answer['job_id']}").raise_for_status().json()
        assert (job["status"], job["cost"]) == ("complete", 0.04), job
        assert client.get(f"/v1/captions/{answer['job_id']}").status_code == 404
        assert client.post("/v1/clip", json=ask | {"captions": {}}).status_code == 400
        assert client.post("/v1/clip", json=ask | {"captions": {"preset_ref": "builtin:none"}}).status_code == 404


def test_captions_take_exactly_one_source(site: Site) -> None:
    with site.with_key() as client:
        answer = client.post("/v1/captions", json={"preset_ref": "builtin:bold-hook"})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("ask", "param"),
    [
        ({"file_id": "upl_a1b2c3d4e5f6"}, "preset_ref"),
        ({"file_id": "upl_a1b2c3d4e5f6", "preset_ref": ""}, "preset_ref"),
        ({"file_id": "upl_a1b2c3d4e5f6", "preset_ref": 5}, "preset_ref"),
        ({"file_id": 5, "preset_ref": "builtin:bold-hook"}, "file_id"),
        ({"file_id": "upl_a1b2c3d4e5f6", "preset_ref": "builtin:bold-hook", "format": "mp4"}, "format"),
    ],
)
def test_an_ask_of_another_shape_is_refused_by_its_field(site: Site, ask: dict, param: str) -> None:
    with site.with_key() as client:
        answer = client.post("/v1/captions", json=ask)
        assert (answer.status_code, answer.json()["param"]) == (400, param), answer.text


# -- Looking at them before --------------------------------------------------------------------------------

SAID = [{"word": word.text, "start": word.start_s, "end": word.end_s} for word in WORDS]
LOOK = {"preset_ref": "builtin:bold-hook", "width": 640, "height": 360, "words": SAID}


def test_the_browser_gets_the_script_its_fonts_and_where_each_caption_stands(site: Site) -> None:
    with site.signed_in() as browser:
        said = browser.post("/v1/captions/ass", json=LOOK | {"fields": {"font_size": 90}}).raise_for_status().json()
        assert "FC Montserrat Black" in said["ass"] and (said["width"], said["height"]) == (1920, 1080)
        (font,) = said["fonts"]
        assert font["family"] == said["default_font"] == "FC Montserrat Black"
        assert browser.get(font["url"]).content[:4] == b"\x00\x01\x00\x00"
        (page,) = said["captions"]
        assert page["lines"] == ["HELLO BIG WORLD."] and page["start"] == 0.2
        assert 0 < page["box"]["left"] < page["box"]["right"] < 1 and said["style"]["font_size"] == 90


def test_a_sources_own_words_are_shown_from_where_the_range_begins(site: Site, tiny: Path) -> None:
    ask = {key: value for key, value in LOOK.items() if key != "words"}
    ask |= {"file_id": source(site, tiny), "start": 0.7, "end": 3}
    with site.signed_in() as browser:
        (page,) = browser.post("/v1/captions/ass", json=ask).raise_for_status().json()["captions"]
        assert (page["lines"], page["start"]) == (["BIG WORLD."], 0.0)


def test_an_uploaded_font_is_linked_and_read_by_its_link(site: Site) -> None:
    with site.signed_in() as browser:
        content = fonts.catalogue()["Anton"].path.read_bytes()
        font = browser.post("/v1/caption-fonts?filename=a.ttf", files={"file": ("a.ttf", content)}).json()
        fields = {"fields": {"font_source": "upload", "font_id": font["font_id"]}}
        said = browser.post("/v1/captions/ass", json=LOOK | fields).raise_for_status().json()
        assert said["default_font"] == f"FCU {font['font_id']}"
        assert browser.get(said["fonts"][0]["url"]).content[:4] == b"\x00\x01\x00\x00"
        with site.signed_in("member@example.org") as other:
            assert other.post("/v1/captions/ass", json=LOOK | fields).status_code == 404


def test_findings_name_what_to_mend(site: Site) -> None:
    look = LOOK | {"preset_ref": "builtin:short-form-karaoke", "width": 1080, "height": 1920}
    plain = {"fields": {"stroke_enabled": False, "words_per_caption": 2}, "backdrop": "#eeeeee"}
    with site.signed_in() as browser:
        found = browser.post("/v1/captions/ass", json=look | plain).raise_for_status().json()["findings"]
        kinds = {one["kind"]: one["fix"] for one in found}
        assert kinds["safe_zone"] == {"position_y": 0.78} and kinds["contrast"]["stroke_enabled"] is True


def test_all_captions_of_a_source_are_looked_through_at_once(site: Site, tiny: Path) -> None:
    upload = send_file(Account.get_by_id(site.owner_id), tiny)
    slow = [Word("home", n * 0.5, n * 0.5 + 0.4) for n in range(1200)]
    fast = [Word("responsibilities", 700 + n * 0.2, 700.1 + n * 0.2) for n in range(6)]
    transcription.replace(site.owner_id, upload.id, [*slow, *fast], duration_s=800.0)
    ask = {key: value for key, value in LOOK.items() if key != "words"} | {"file_id": upload.id, "start": 10}
    with site.signed_in() as browser:
        said = browser.post("/v1/captions/review", json=ask | {"end": 800}).raise_for_status().json()
        assert said["captions"] > 390
        assert [(one["kind"], one["at_s"]) for one in said["findings"]] == [("reading_speed", 690.0)]
        assert browser.post("/v1/captions/review", json=ask | {"end": 300}).json()["findings"] == []
    with site.signed_in("member@example.org") as other:
        assert other.post("/v1/captions/review", json=ask).status_code == 404
    with site.with_key() as client:
        assert client.post("/v1/captions/review", json=ask).status_code == 403


def test_a_frame_is_a_picture_of_the_asked_size_over_the_source(site: Site, tiny: Path) -> None:
    ask = LOOK | {"at": 0.8, "background_file_id": source(site, tiny)}
    with site.signed_in() as browser:
        answer = browser.post("/v1/captions/frame", json=ask).raise_for_status()
        assert answer.headers["content-type"] == "image/png" and answer.content[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">II", answer.content[16:24]) == (640, 360)
        plain = browser.post("/v1/captions/frame", json=LOOK | {"at": 0.8}).raise_for_status()
        assert plain.content != answer.content


@pytest.mark.parametrize(
    ("other", "status"),
    [
        ({"width": 10}, 422),
        ({"words": None}, 422),
        ({"fields": {"font_size": 500}}, 422),
        ({"fields": {"nothing": 1}}, 400),
        ({"preset_ref": "builtin:none"}, 404),
        ({"words": None, "file_id": "upl_000000000000"}, 404),
    ],
)
def test_what_cannot_be_looked_at_is_refused(site: Site, other: dict, status: int) -> None:
    with site.signed_in() as browser:
        assert browser.post("/v1/captions/ass", json=LOOK | other).status_code == status
    with site.with_key() as client:
        assert client.post("/v1/captions/ass", json=LOOK).status_code == 403
