import itertools

import pytest

from fastclip.errors import Unprocessable
from fastclip.media import captions, fonts, style
from fastclip.media.captions import Captions
from fastclip.media.style import Style
from fastclip.media.words import Word
from tests.media import drawn

WIDE, TALL = (1920, 1080), (1080, 1920)


def said(text: str, *, every_s: float = 0.4) -> list[Word]:
    return [Word(one, n * every_s, n * every_s + every_s - 0.05) for n, one in enumerate(text.split())]


def laid(text: str | list[Word], size: tuple[int, int] = WIDE, **fields: object) -> Captions:
    look = style.checked({"font_name": "Inter SemiBold", "highlight_mode": False, **fields})
    words = said(text) if isinstance(text, str) else text
    return captions.lay_out(words, look, fonts.builtin(look.font_name), size_px=size)


def texts(placed: Captions) -> list[list[str]]:
    """The lines of each page, words from left to right."""
    return [[" ".join(slot.word.text for slot in line.slots) for line in page.lines] for page in placed.pages]


# -- Pages -------------------------------------------------------------------------------------------------


def test_a_page_has_at_most_the_words_that_the_style_allows_and_no_lone_last_one() -> None:
    pages = laid("one two three four five six seven", words_per_caption=3).pages
    assert [len(page.slots) for page in pages] == [3, 2, 2]


def test_a_page_ends_with_its_sentence_and_before_a_pause() -> None:
    assert texts(laid("We won. Now rest.", words_per_caption=6)) == [["We won."], ["Now rest."]]
    words = [Word("before", 0, 0.4), Word("after", 1.1, 1.5)]
    assert texts(laid(words, words_per_caption=6)) == [["before"], ["after"]]


def test_a_page_holds_no_more_lines_than_the_style_allows() -> None:
    for most in (1, 2, 3):
        placed = laid(drawn.TEXT, TALL, words_per_caption=12, max_lines=most, font_size=90)
        assert max(len(page.lines) for page in placed.pages) <= most


def test_every_word_is_on_exactly_one_page_and_in_order() -> None:
    for slug in style.builtin():
        placed = drawn.laid(slug, TALL)
        found = [slot.word.text.lower() for page in placed.pages for slot in page.slots]
        assert found == drawn.TEXT.lower().split(), slug


def test_lines_are_balanced_so_that_no_short_word_stands_alone() -> None:
    (lines,) = texts(laid("People keep asking what this camera is for", words_per_caption=8, font_size=90))
    assert lines == ["People keep asking", "what this camera is for"]


def test_lines_are_no_wider_than_the_style_allows() -> None:
    for size, slug in itertools.product((WIDE, TALL), style.builtin()):
        placed = drawn.laid(slug, size)
        widest = max(line.width for page in placed.pages for line in page.lines)
        assert widest <= placed.style.max_width * placed.width + 0.01, (slug, size)


def test_a_word_too_wide_for_the_line_makes_its_page_smaller() -> None:
    placed = laid("Donaudampfschifffahrtsgesellschaft it is " + "w" * 60, TALL, font_size=100, words_per_caption=1)
    wide, *others, widest = placed.pages
    assert 50 <= wide.size < 100 and wide.lines[0].width <= 0.86 * 1080 + 0.01
    assert {page.size for page in others} == {100}
    assert widest.size < 50 and widest.lines[0].width <= 0.94 * 1080 + 0.01


def test_without_words_there_are_no_pages() -> None:
    assert laid("").pages == ()


# -- Times -------------------------------------------------------------------------------------------------


def test_a_page_stays_through_a_short_gap_and_lingers_before_a_long_one() -> None:
    words = [Word("one.", 0, 0.4), Word("two.", 0.8, 1.2), Word("three.", 3, 3.4)]
    pages = laid(words, words_per_caption=1, hold_gap_ms=500, linger_ms=250).pages
    assert [(page.start, page.end) for page in pages] == [(0, 80), (80, 145), (300, 365)]


def test_a_word_is_lit_until_the_next_one_begins() -> None:
    (page,) = laid("one two three", words_per_caption=3).pages
    for slot, following in itertools.pairwise(page.slots):
        assert slot.until == following.word.start
    assert page.slots[-1].until == page.end


def test_captions_end_with_the_picture() -> None:
    look = style.checked({"linger_ms": 1000, "font_name": "Inter SemiBold"})
    placed = captions.lay_out(said("one two"), look, fonts.builtin("Inter SemiBold"), size_px=WIDE, duration_s=0.9)
    assert placed.pages[-1].end <= 90


# -- Place -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "edge"),
    [(0.9, "bottom"), (0.2, "top"), (0.5, "middle")],
)
def test_the_block_holds_on_to_the_third_that_it_is_in(y: float, edge: str) -> None:
    (page,) = laid("one two", words_per_caption=2, position_y=y, stroke_enabled=False).pages
    _, top, _, bottom = page.box
    assert {"bottom": bottom, "top": top, "middle": (top + bottom) / 2}[edge] == pytest.approx(y * 1080)


@pytest.mark.parametrize(("x", "y"), [(0.05, 0.03), (0.95, 0.97), (0.05, 0.97), (0.95, 0.03)])
def test_the_block_stays_inside_the_picture_however_far_out_it_is_put(x: float, y: float) -> None:
    for size, effect in itertools.product((WIDE, TALL), ("none", "highlight-box")):
        placed = laid("What a wonderful day", size, position_x=x, position_y=y, effect=effect)
        for page in placed.pages:
            left, top, right, bottom = page.box
            assert left >= 0.03 * placed.width - 0.01 and right <= 0.97 * placed.width + 0.01
            assert top >= 0.03 * placed.height - 0.01 and bottom <= 0.97 * placed.height + 0.01


def test_a_growing_word_has_room_that_its_neighbours_leave() -> None:
    for slug in ("bold-hook", "creator-pop", "comic-burst", "word-pill"):
        placed = drawn.laid(slug, WIDE)
        for line in (line for page in placed.pages for line in page.lines):
            for left, right in itertools.pairwise(line.slots):
                growth = (placed.style.pop - 1) / 2 * max(left.width, right.width)
                assert right.x - left.x - left.width >= growth, slug


# -- Scripts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("אני אוהב טכנולוגיה", "טכנולוגיה אוהב אני"),
        ("مرحبا بكم في 2024 معنا", "معنا 2024 في بكم مرحبا"),
        ("שלום to everybody here חברים", "חברים to everybody here שלום"),
        ("He said שלום עולם today", "He said עולם שלום today"),
    ],
)
def test_right_to_left_words_stand_in_reading_order(text: str, shown: str) -> None:
    (lines,) = texts(laid(text, words_per_caption=6, max_lines=1, font_size=40))
    assert lines == [shown]


def test_chinese_and_japanese_are_set_without_spaces_and_two_letters_count_as_a_word() -> None:
    placed = laid([Word("今天天气非常好，我们出发吧。", 0, 2.8)], words_per_caption=4)
    assert all(slot.word.is_glued for page in placed.pages for slot in page.slots[1:])
    assert "".join(slot.word.text for page in placed.pages for slot in page.slots) == "今天天气非常好，我们出发吧。"
    assert max(len("".join(slot.word.text for slot in page.slots)) for page in placed.pages) <= 10
    assert not [line for page in placed.pages for line in page.lines if line.slots[0].word.text[0] in "，。"]


def test_hangul_keeps_its_spaces() -> None:
    (page,) = laid("안녕하세요 여러분", words_per_caption=2).pages
    first, second = page.lines[0].slots
    assert second.x > first.x + first.width


def test_a_letter_that_no_font_has_is_left_out_and_named() -> None:
    placed = laid([Word("a\U00012000b", 0, 1), Word("\U00012001", 1, 2)])
    assert [slot.word.text for page in placed.pages for slot in page.slots] == ["a\U00012000b"]
    assert [run.text for run in placed.pages[0].slots[0].word.runs] == ["ab"]
    assert placed.missing == "\U00012000\U00012001"


def test_upper_and_lower_are_made_before_measuring() -> None:
    upper, lower = (laid("Straße", text_transform=how).pages[0].slots[0] for how in ("upper", "lower"))
    assert (upper.word.text, lower.word.text) == ("STRASSE", "straße")
    assert upper.width > lower.width


# -- Styles ------------------------------------------------------------------------------------------------


def test_there_are_sixteen_built_in_styles_with_fonts_that_are_there() -> None:
    assert len(style.builtin()) == 16
    for _, look in style.builtin().values():
        assert fonts.builtin(look.font_name).family == f"FC {look.font_name}"
        assert look == style.checked({name: getattr(look, name) for name in style.FIELDS})


@pytest.mark.parametrize(("asked", "kept"), [(1, 2), (9, 4), (3, 3)])
def test_highlighting_clamps_the_words_of_a_page_to_two_to_four(asked: int, kept: int) -> None:
    assert style.checked({"highlight_mode": True, "words_per_caption": asked}).words_per_caption == kept
    assert style.checked({"highlight_mode": False, "words_per_caption": asked}).words_per_caption == asked


RANGES = {
    **{"font_size": (20, 240, 64), "letter_spacing": (-4, 20, 0), "line_height": (0.9, 1.8, 1.18)},
    **{"max_lines": (1, 3, 2), "max_width": (0.30, 0.96, 0.86), "words_per_caption": (1, 12, 3)},
    **{"stroke_width": (0, 16, 4), "shadow_opacity": (0, 1, 0.6), "shadow_x": (-20, 20, 0), "shadow_y": (-20, 20, 4)},
    **{"shadow_blur": (0, 20, 3), "highlight_scale": (1.0, 1.25, 1.0), "inactive_opacity": (0.2, 1, 1)},
    **{"box_opacity": (0, 1, 1), "box_radius": (0, 60, 14), "box_padding": (0, 60, 14), "glow_size": (0, 24, 14)},
    **{"animation_ms": (0, 400, 120), "position_x": (0.05, 0.95, 0.5), "position_y": (0.03, 0.97, 0.85)},
    **{"linger_ms": (0, 1000, 250), "hold_gap_ms": (0, 1000, 500)},
}
"""captions.md 3: lowest, highest, default."""
OTHERS = {
    **{"font_source": "builtin", "font_id": None, "text_transform": "none", "text_color": "#ffffff"},
    **{"stroke_enabled": True, "stroke_color": "#000000", "shadow_enabled": False, "shadow_color": "#000000"},
    **{"highlight_mode": True, "highlight_color": "#fcea2a", "effect": "none", "box_color": None, "animation": "none"},
}


@pytest.mark.parametrize(("field", "low", "high", "default"), [(name, *row) for name, row in RANGES.items()])
def test_a_number_is_taken_up_to_its_bounds_and_refused_beyond(
    field: str, low: float, high: float, default: float
) -> None:
    free = {"highlight_mode": False}
    for value in (low, high, default):
        assert getattr(style.checked(free | {field: value}), field) == value
    step = 1 if field in style.INTEGERS else 0.01
    for value in (low - step, high + step, True, "5", None, float("nan")):
        with pytest.raises(Unprocessable, match=field):
            style.checked(free | {field: value})
    assert getattr(style.checked({}), field) == default


def test_these_are_all_fields_of_a_style_with_their_defaults() -> None:
    plain = style.checked({"font_name": "Anton"})
    assert {name: getattr(plain, name) for name in OTHERS} == OTHERS
    assert set(style.FIELDS) == {*RANGES, *OTHERS, "font_name"}


@pytest.mark.parametrize(
    "fields",
    [
        {"text_color": "red"},
        {"text_color": None},
        {"stroke_color": "#fff"},
        {"shadow_color": "#12345g"},
        {"highlight_color": "#fcea2a80"},
        {"box_color": "none"},
        {"effect": "explode"},
        {"animation": "spin"},
        {"text_transform": "title"},
        {"font_source": "web"},
        {"nothing": 1},
    ],
)
def test_what_is_no_value_of_a_field_is_refused_by_its_name(fields: dict) -> None:
    with pytest.raises(Unprocessable, match=next(iter(fields))):
        style.checked(fields)


def test_colours_are_kept_in_lower_case_and_a_box_may_have_none() -> None:
    look = style.checked({"text_color": "#FFEE00", "box_color": None})
    assert (look.text_color, look.box_color, look.box_fill) == ("#ffee00", None, Style.highlight_color)
