import pytest

from fastclip.media import captions, fonts, review, style
from fastclip.media.words import Word

TALL, WIDE = (1080, 1920), (1920, 1080)


def kinds(words: list[Word], size: tuple[int, int] = WIDE, backdrop: str | None = None, **fields: object) -> dict:
    look = style.checked({"font_name": "Inter SemiBold", "highlight_mode": False} | fields)
    placed = captions.lay_out(words, look, fonts.builtin("Inter SemiBold"), size_px=size)
    return {finding.kind: finding for finding in review.review(placed, backdrop)}


def said(text: str, every_s: float) -> list[Word]:
    return [Word(one, n * every_s, (n + 0.9) * every_s) for n, one in enumerate(text.split())]


def test_calm_captions_have_nothing_to_mend() -> None:
    assert kinds(said("We went home and slept.", 0.4), words_per_caption=3) == {}


def test_words_that_pass_too_fast_are_found_and_more_words_at_once_mend_it() -> None:
    found = kinds(said("extraordinary responsibilities notwithstanding circumstances", 0.25), words_per_caption=1)
    assert found["reading_speed"].fix == {"words_per_caption": 3} and found["reading_speed"].count >= 3


def test_where_highlighting_holds_no_more_words_it_goes_and_what_style_cannot_mend_is_said() -> None:
    fast = said("extraordinary responsibilities notwithstanding circumstances " * 4, 0.25)
    found = kinds(fast, highlight_mode=True, words_per_caption=4)["reading_speed"]
    assert found.fix == {"highlight_mode": False, "words_per_caption": 6}
    found = kinds(fast, words_per_caption=12, font_size=30)["reading_speed"]
    assert found.fix == {} and "write it shorter" in found.reason


def test_more_words_at_once_mend_a_quick_word_among_slow_ones() -> None:
    words = [Word("Responsibilities", 0.0, 0.4), Word("go", 0.4, 1.2), Word("home", 1.2, 2.0)]
    found = kinds(words, words_per_caption=1)["reading_speed"]
    assert found.count == 1 and found.reason.startswith("1 caption passes")
    assert "reading_speed" not in kinds(words, **{"words_per_caption": 1} | found.fix)


def test_captions_that_flash_by_are_found() -> None:
    found = kinds(said("a b c d e f", 0.1), words_per_caption=2, hold_gap_ms=0, linger_ms=0)
    assert found["time_on_screen"].fix["hold_gap_ms"] == 1000
    words = [Word("a", 0, 0.05), Word("b.", 0.1, 0.2), Word("Then", 1.0, 1.5), Word("more", 1.5, 2)]
    brief = {"words_per_caption": 2, "hold_gap_ms": 0, "linger_ms": 0}
    assert "time_on_screen" not in kinds(words, **brief | kinds(words, **brief)["time_on_screen"].fix)


def test_three_lines_are_found() -> None:
    text = said("Whatever extraordinary responsibilities notwithstanding circumstances", 0.8)
    found = kinds(text, TALL, words_per_caption=5, max_lines=3, font_size=90, position_y=0.5)
    assert found["line_count"].fix == {"max_lines": 2}


@pytest.mark.parametrize(
    ("fields", "backdrop", "is_found"),
    [
        ({"stroke_enabled": False}, "#f0f0f0", True),
        ({"stroke_enabled": False}, "#202020", False),
        ({"stroke_color": "#000000", "stroke_width": 4}, "#f0f0f0", False),
        ({"stroke_color": "#dddddd", "stroke_width": 4}, None, True),
        ({"effect": "highlight-box", "highlight_color": "#ffff00"}, None, True),
        ({"effect": "highlight-box", "highlight_color": "#2563eb"}, "#ffffff", False),
    ],
)
def test_text_that_does_not_stand_out_is_found_and_its_fix_mends_it(
    fields: dict, backdrop: str | None, is_found: bool
) -> None:
    words = said("We went home", 0.5)
    found = kinds(words, WIDE, backdrop, **fields)
    assert ("contrast" in found) is is_found
    if is_found:
        assert "contrast" not in kinds(words, WIDE, backdrop, **fields | found["contrast"].fix)


def test_letters_that_no_font_has_are_named() -> None:
    found = kinds([Word("fine", 0, 1), Word("a\U00012000", 1, 2), Word("\U00012001", 2, 3)])["missing_glyphs"]
    assert "\U00012000 (U+12000), \U00012001 (U+12001)" in found.reason and (found.count, found.at_s) == (2, 1)


def test_captions_under_the_buttons_of_a_phone_are_lifted() -> None:
    words = said("We went home", 0.5)
    found = kinds(words, TALL, position_y=0.92)
    assert found["safe_zone"].fix == {"position_y": 0.78}
    assert "safe_zone" not in kinds(words, TALL, position_y=0.78) and "safe_zone" not in kinds(words, position_y=0.92)
