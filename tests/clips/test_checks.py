"""The tables of the reference's "Format and Quality Rules", row by row."""

import pytest

from fastclip import rules
from fastclip.accounts import Account
from fastclip.clips import checks
from fastclip.clips.checks import Target
from fastclip.errors import FastClipError
from fastclip.media.probe import Facts
from tests.clips.conftest import sound, video

PAID = Account(is_covered=False, paid_total_cents=500)
COVERED = Account(is_covered=True, paid_total_cents=0)
UNPAID = Account(is_covered=False, paid_total_cents=0)
UHD = video(3840, 2160)
TALL_UHD = video(2160, 3840)


def target(
    facts: Facts, format: str | None = None, quality: str | None = None, *, via: str = "session", by: Account = PAID
) -> Target:
    return checks.target(by, facts, via=via, format=format, quality=quality)


@pytest.mark.parametrize(
    ("facts", "via", "formats"),
    [
        (video(), "api_key", {"mp4"}),
        (video(), "session", {"mp4", "gif", "mp3", "wav", "m4a", "flac"}),
        (sound(), "api_key", {"mp3", "wav", "m4a", "flac"}),
        (sound(), "session", {"mp3", "wav", "m4a", "flac"}),
    ],
)
def test_a_source_becomes_the_formats_of_the_table_and_no_other(facts: Facts, via: str, formats: set[str]) -> None:
    taken = set()
    for format in (*rules.CONTENT_TYPES, "aac", "webm", "mov", "MP4"):
        try:
            taken.add(target(facts, format, via=via).format)
        except FastClipError as refusal:
            is_gif_by_key = format == "gif" and via == "api_key" and facts.has_video
            assert (refusal.status, refusal.code, refusal.param) == (
                (403, "session_required", "format") if is_gif_by_key else (400, "invalid_request", "format")
            )
    assert taken == formats


def test_aac_is_another_word_for_m4a() -> None:
    assert target(sound(), "aac").format == "m4a"


def test_without_a_format_video_becomes_mp4_and_sound_mp3() -> None:
    assert (target(video()).format, target(sound()).format) == ("mp4", "mp3")


@pytest.mark.parametrize("quality", ["4k", "1080p", "720p", "high", "medium", "480p", "best", "4K"])
@pytest.mark.parametrize("format", ["mp4", "gif", "mp3", "wav", "m4a", "flac"])
def test_a_format_takes_its_qualities_and_no_other(format: str, quality: str) -> None:
    if quality in rules.QUALITIES.get(format, ()):
        assert target(UHD, format, quality).max_px
        return
    with pytest.raises(FastClipError) as refusal:
        target(UHD, format, quality)
    assert (refusal.value.status, refusal.value.param) == (400, "quality")


@pytest.mark.parametrize(
    ("facts", "quality", "by", "expected"),
    [
        (UHD, None, PAID, Target("mp4", "", None, True)),
        (UHD, "4k", PAID, Target("mp4", "4k", 2160, True)),
        (UHD, "4k", COVERED, Target("mp4", "4k", 2160, True)),
        (TALL_UHD, "4k", PAID, Target("mp4", "4k", 2160, True)),
        (UHD, "1080p", PAID, Target("mp4", "1080p", 1080, False)),
        (UHD, "high", PAID, Target("mp4", "1080p", 1080, False)),
        (UHD, "medium", PAID, Target("mp4", "720p", 720, False)),
        (UHD, None, UNPAID, Target("mp4", "", 1080, False)),
        (UHD, "720p", UNPAID, Target("mp4", "720p", 720, False)),
        (video(2560, 1440), None, PAID, Target("mp4", "", None, False)),
        (video(2560, 1440), "4k", PAID, Target("mp4", "4k", 2160, False)),
        (video(), "4k", PAID, Target("mp4", "4k", 2160, False)),
        (sound(), None, UNPAID, Target("mp3", "", None, False)),
    ],
)
def test_quality_and_deposit_decide_the_size_and_the_surcharge(
    facts: Facts, quality: str | None, by: Account, expected: Target
) -> None:
    assert target(facts, None, quality, by=by) == expected


def test_4k_by_name_without_a_deposit_is_refused_whatever_the_source() -> None:
    for facts in (UHD, video()):
        with pytest.raises(FastClipError) as refusal:
            target(facts, "mp4", "4k", by=UNPAID)
        assert (refusal.value.status, refusal.value.code) == (403, "paid_deposit_required")


@pytest.mark.parametrize(
    ("facts", "is_4k"),
    [(UHD, True), (TALL_UHD, True), (video(4096, 2160), True), (video(3840, 1600), False), (video(2560, 1440), False)],
)
def test_true_4k_has_a_short_edge_of_2160(facts: Facts, is_4k: bool) -> None:
    assert checks.is_true_4k(facts) is is_4k


@pytest.mark.parametrize(
    ("spans", "format", "status", "sentence"),
    [
        ([], "mp4", 400, "0 segments were sent; use 1 to 50."),
        ([(0, 1)] * 51, "mp4", 400, "51 segments were sent; use 1 to 50."),
        ([(12, 900)], "mp4", 422, "Segment 12-900 s is outside the source (0-640.2 s)."),
        ([(5, 5)], "mp4", 422, "Segment 5-5 s is empty: its end must be later than its start."),
        ([(5, 4)], "mp4", 422, "Segment 5-4 s is empty: its end must be later than its start."),
        ([(0, 600.001)], "mp4", 422, "Segment 0-600.001 s is 600.001 s; a segment has at most 600 s."),
        ([(0, 30.5)], "gif", 422, "Segment 0-30.5 s is 30.5 s; a GIF has at most 30 s."),
        ([(640.2, 640.25)], "mp4", 422, "Segment 640.2-640.25 s is outside the source (0-640.2 s)."),
    ],
)
def test_segments_outside_the_rules_are_refused_in_a_sentence(
    spans: list[tuple[float, float]], format: str, status: int, sentence: str
) -> None:
    with pytest.raises(FastClipError) as refusal:
        checks.segments(video(), spans, format)
    assert (refusal.value.status, refusal.value.message) == (status, sentence)


def test_the_segment_at_fault_is_named_among_several() -> None:
    with pytest.raises(FastClipError) as refusal:
        checks.segments(video(), [(0, 1), (1, 9000)], "mp4")
    assert refusal.value.param == "segments[1]"


@pytest.mark.parametrize("span", [(0, 600), (40.2, 640.2), (640.1, 640.25), (0.0, 0.001)])
def test_segments_up_to_the_limits_are_taken(span: tuple[float, float]) -> None:
    checks.segments(video(), [span], "mp4")


def test_fifty_segments_are_taken() -> None:
    checks.segments(video(), [(n, n + 1) for n in range(50)], "mp4")
