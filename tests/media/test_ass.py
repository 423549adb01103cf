"""What libass draws is what was computed: widths, times, colours, with controls that must fail."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pysubs2
import pytest
import uharfbuzz

from fastclip.media import ass, captions, fonts, style
from fastclip.media.ass import Script
from fastclip.media.captions import Captions, Slot
from fastclip.media.style import Style
from fastclip.media.words import Word
from tests.media import drawn

HD = (1920, 1080)
SMALL = (640, 360)
SAMPLES = ("AVATAR", "Today", "fjord", "Ångström", "Type", "quickly")
LATIN = [name for name, font in fonts.catalogue().items() if font.turn < 2]
TRUE_PX = 1.5


def plain(font_name: str, **other: object) -> Style:
    return Style(
        **{"font_name": font_name, "font_size": 80, "stroke_enabled": False, "highlight_mode": False}
        | {"words_per_caption": 1, "position_y": 0.5, "hold_gap_ms": 0, "linger_ms": 0}
        | other
    )


def one_a_second(texts: tuple[str, ...]) -> list[Word]:
    return [Word(text, float(n), n + 0.9) for n, text in enumerate(texts)]


def predicted(page: captions.Page, slot: Slot) -> drawn.Ink:
    """Where HarfBuzz says that the ink is."""
    (run,) = slot.word.runs
    buffer = uharfbuzz.Buffer()
    buffer.add_str(run.text)
    buffer.guess_segment_properties()
    shaper = uharfbuzz.Font(uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(run.font.path))))
    uharfbuzz.shape(shaper, buffer)
    em, x, boxes = page.size / run.font.upm, 0, []
    for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        box = shaper.get_glyph_extents(info.codepoint)
        left, top = x + place.x_offset + box.x_bearing, place.y_offset + box.y_bearing
        boxes.append((left, top, left + box.width, top + box.height))
        x += place.x_advance
    return drawn.Ink(
        slot.x + min(box[0] for box in boxes) * em,
        slot.baseline - max(box[1] for box in boxes) * em,
        slot.x + max(box[2] for box in boxes) * em,
        slot.baseline - min(box[3] for box in boxes) * em,
    )


def worst_px(folder: Path, placed: Captions, script: Script, size: tuple[int, int] = (1080, 1080)) -> float:
    """The farthest that any edge of any word is from its prediction. One word a page, one page a second."""
    shown = drawn.frames(folder, script, size, count=len(placed.pages), fps="1", pixels="gray")
    errors = []
    for frame, page in zip(shown, placed.pages, strict=True):
        found, wanted = drawn.ink(frame), predicted(page, page.slots[0])
        errors += [abs(getattr(found, side) - getattr(wanted, side)) for side in ("left", "top", "right", "bottom")]
    return max(errors)


def laid_out(font_name: str, **other: object) -> Captions:
    look = plain(font_name, **other)
    return captions.lay_out(one_a_second(SAMPLES), look, fonts.builtin(font_name), size_px=(1080, 1080))


@pytest.mark.parametrize("font_name", LATIN)
def test_ink_is_drawn_within_a_pixel_and_a_half_of_where_it_was_computed(tmp_path: Path, font_name: str) -> None:
    placed = laid_out(font_name)
    assert worst_px(tmp_path, placed, ass.write(placed)) <= TRUE_PX


RIGHT_TO_LEFT = {
    "Noto Sans Arabic Bold": ("مرحبا", "بكم", "في", "شيء", "مَرحَبًا", "قَي"),
    "Noto Sans Hebrew Bold": ("שלום", "לכולם", "שָׁלוֹם", "כּוּלם"),
}


@pytest.mark.parametrize("font_name", RIGHT_TO_LEFT)
def test_letters_with_dots_and_marks_of_their_own_are_where_they_were_computed(
    tmp_path: Path, font_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = one_a_second(RIGHT_TO_LEFT[font_name])
    placed = captions.lay_out(words, plain(font_name), fonts.builtin(font_name), size_px=(1080, 1080))
    assert worst_px(tmp_path, placed, ass.write(placed)) <= 2
    monkeypatch.setattr(ass, "_lean", lambda page, slot: 0.0)
    assert worst_px(tmp_path, placed, ass.write(placed)) > 3


def test_without_kerning_or_shifted_by_two_pixels_or_in_another_font_the_ink_is_elsewhere(tmp_path: Path) -> None:
    placed = laid_out("Montserrat Black")
    script = ass.write(placed)
    unkerned = replace(script, text=script.text.replace("Kerning: yes\n", ""))
    assert worst_px(tmp_path, placed, unkerned) > 3
    shifted = replace(script, text=script.text.replace("\\pos(540.00", "\\pos(542.00"))
    assert worst_px(tmp_path, placed, shifted) > TRUE_PX
    wrong = replace(script, text=script.text.replace("FC Montserrat Black", "FC Anton"))
    wrong = replace(wrong, fonts=(fonts.builtin("Anton"),))
    assert worst_px(tmp_path, placed, wrong) > 10


def test_letter_spacing_and_shrunk_pages_are_drawn_as_computed(tmp_path: Path) -> None:
    spaced = laid_out("Poppins Bold", letter_spacing=6)
    shown = drawn.frames(tmp_path, ass.write(spaced), (1080, 1080), count=6, fps="1", pixels="gray")
    for frame, page in zip(shown, spaced.pages, strict=True):
        slot, found = page.slots[0], drawn.ink(frame)
        assert abs((found.left + found.right) / 2 - (slot.x + (slot.width - 6) / 2)) <= 4
        assert slot.width - 20 <= found.right - found.left <= slot.width
    shrunk = laid_out("Poppins Bold", font_size=240)
    assert {page.size < 240 for page in shrunk.pages} == {True, False}
    assert worst_px(tmp_path, shrunk, ass.write(shrunk)) <= TRUE_PX + 1


def test_pop_styles_leave_every_other_word_as_it_was(tmp_path: Path) -> None:
    for slug in ("bold-hook", "creator-pop", "comic-burst", "word-pill", "short-form-karaoke"):
        changed, compared = _idle_changes(tmp_path, drawn.laid(slug, SMALL))
        assert compared > 100 and changed == 0, (slug, changed, compared)


def _idle_changes(folder: Path, placed: Captions) -> tuple[int, int]:
    """(how often, of how many) the pixels of a word changed between two frames in which it was not the spoken one."""
    scale, count = SMALL[1] / 1080, 150
    shown = drawn.frames(folder, ass.write(placed), SMALL, count=count)
    changed = compared = 0
    for n in range(1, count):
        before, now = round((n - 1) / 30 * 100, 2), round(n / 30 * 100, 2)
        for page in placed.pages:
            for slot in page.slots:
                is_idle = not slot.word.start - 4 <= now < slot.until + 4
                if is_idle and page.start <= before and now < page.end:
                    area = _core(slot, page, scale)
                    compared += 1
                    changed += not np.array_equal(shown[n][area], shown[n - 1][area])
    return changed, compared


def _core(slot: Slot, page: captions.Page, scale: float) -> tuple[slice, slice]:
    """The word's own pixels, without its edge, into which a neighbour may grow."""
    edge = page.size * 0.06
    columns = slice(round((slot.x + edge) * scale), round((slot.x + slot.width - edge) * scale))
    return slice(round((slot.baseline - page.cap) * scale), round((slot.baseline + page.drop) * scale)), columns


@pytest.mark.parametrize("slug", list(style.builtin()))
def test_no_frame_is_without_a_word_that_belongs_on_it(tmp_path: Path, slug: str) -> None:
    placed = drawn.laid(slug, SMALL, **WHITE)
    assert _missing(tmp_path, placed, ass.write(placed)) == []


def test_a_word_that_is_gone_for_one_frame_is_noticed(tmp_path: Path) -> None:
    placed = drawn.laid("short-form-karaoke", SMALL, **WHITE)
    script = ass.write(placed)
    events = [line for line in script.text.splitlines() if line.endswith("}This")]
    begins = events[1].split(",")[1]
    late_event = events[1].replace(begins, f"{begins[:-2]}{int(begins[-2:]) + 4:02d}", 1)
    late = replace(script, text=script.text.replace(events[1], late_event))
    assert late != script and _missing(tmp_path, placed, late)


WHITE = dict.fromkeys(("text_color", "stroke_color", "highlight_color"), "#ffffff")


def _missing(folder: Path, placed: Captions, script: Script, count: int = 120) -> list[tuple[int, str]]:
    shown = drawn.frames(folder, script, SMALL, count=count)
    return [
        (n, slot.word.text)
        for n in range(count)
        for page in placed.pages
        for slot in page.slots
        if _begins(slot, page, placed.style) <= n / 0.3 < page.end
        and shown[n][_core(slot, page, SMALL[1] / 1080)].max() < 90
    ]


def _begins(slot: Slot, page: captions.Page, look: Style) -> float:
    is_late = look.effect == "typewriter" or look.animation == "impact"
    coming_in = 5 if look.animation in ("fade", "impact") else 0
    return (slot.word.start if is_late else page.start) + coming_in


def test_the_same_script_draws_the_same_boxes_at_every_resolution(tmp_path: Path) -> None:
    for slug in ("highlight-box", "broadcast-cc", "bold-hook", "neon-glow"):
        boxes = []
        for size in ((1280, 720), (1920, 1080), (3840, 2160)):
            script = ass.write(drawn.laid(slug, size))
            frame = drawn.frames(tmp_path, script, size, count=2, fps="3/4", pixels="gray")[1]
            found = drawn.ink(frame, above=60)
            boxes.append([side * 720 / size[1] for side in vars(found).values()])
        most = 4 if slug == "neon-glow" else 2
        assert max(np.ptp(sides) for sides in zip(*boxes, strict=True)) <= most, (slug, boxes)


# -- Fonts -------------------------------------------------------------------------------------------------

WORLD = "Hi Привет Γειά 漢字かな 안녕하세요 مرحبا שלום नमस्ते สวัสดี Việt ❤😀 end."


def test_no_letter_of_the_worlds_scripts_is_a_box_and_no_system_font_draws_one(tmp_path: Path) -> None:
    words = [Word(text, n * 0.3, n * 0.3 + 0.25) for n, text in enumerate(WORLD.split())]
    placed = drawn.laid("short-form-karaoke", SMALL, words)
    assert placed.missing == ""
    script = ass.write(placed)
    drawn.frames(tmp_path, script, SMALL, count=120)
    log = (tmp_path / "log.txt").read_text("utf-8", "replace")
    chosen = [line.split("-> ")[1] for line in log.splitlines() if "fontselect" in line]
    assert len(chosen) >= 8 and all(one.startswith("FC") for one in chosen), chosen
    assert "not found" not in log and "failed" not in log


def test_fonts_of_the_system_change_no_pixel(tmp_path: Path) -> None:
    words = [Word(text, n * 0.3, n * 0.3 + 0.25) for n, text in enumerate(WORLD.split())]
    script = ass.write(drawn.laid("bold-hook", SMALL, words))
    theirs = tmp_path / "theirs.conf"
    theirs.write_text('<?xml version="1.0"?><fontconfig><dir>/usr/share/fonts</dir></fontconfig>')
    without = drawn.frames(tmp_path / "a", script, SMALL, count=110)
    with_theirs = drawn.frames(tmp_path / "b", script, SMALL, count=110, fontconfig=theirs)
    assert np.array_equal(without, with_theirs)


# -- The file ----------------------------------------------------------------------------------------------


def test_the_script_is_a_file_that_others_read_and_its_events_meet(tmp_path: Path) -> None:
    script = ass.write(drawn.laid("short-form-karaoke", HD))
    file = pysubs2.SSAFile.from_string(script.text)
    assert (file.info["PlayResX"], file.info["YCbCr Matrix"], file.info["Kerning"]) == ("1920", "None", "yes")
    by_place: dict[str, list[pysubs2.SSAEvent]] = {}
    for event in file:
        by_place.setdefault(f"{event.plaintext} {event.text.split(')')[0]}", []).append(event)
    for events in by_place.values():
        for earlier, later in zip(events, events[1:], strict=False):
            assert earlier.end == later.start


@pytest.mark.parametrize("text", ["{\\p1}m", "a\\Nb", "{\\fs900}", "}{", "\\", "a\nb\x00", "{\\pos(1,1)}x{\\r}"])
def test_what_people_write_never_becomes_a_tag(text: str) -> None:
    script = ass.write(drawn.laid("short-form-karaoke", HD, [Word(f"x{text}", 0.1, 0.5), Word("y", 0.6, 0.9)]))
    for line in script.text.split("[Events]")[1].splitlines()[2:]:
        assert line.startswith("Dialogue: ")
        tags, _, shown = line.split(",,0,0,0,,")[1].partition("}")
        assert tags.startswith("{\\pos(") and not set("{}\\") & set(shown)


def test_every_state_of_a_word_has_its_own_event_and_only_the_spoken_one_is_lit() -> None:
    placed = drawn.laid("short-form-karaoke", HD)
    events = pysubs2.SSAFile.from_string(ass.write(placed).text)
    lit = [event for event in events if "\\1c&H2AEAFC&" in event.text]
    assert [event.plaintext for event in lit] == [slot.word.text for page in placed.pages for slot in page.slots]
    for earlier, later in zip(lit, lit[1:], strict=False):
        assert earlier.end <= later.start


def test_an_impact_word_that_ends_a_sentence_takes_the_accent() -> None:
    events = pysubs2.SSAFile.from_string(ass.write(drawn.laid("one-word-impact", HD)).text)
    assert [event.plaintext for event in events if "\\1c&H303BFF&" in event.text] == ["TEAM.", "WORK!", "LEARNED."]
