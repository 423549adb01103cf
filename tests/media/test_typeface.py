"""A stranger's font is refused or made safe, and never brings anything down."""

import random
from pathlib import Path
from typing import Any

import pytest
from fontTools.ttLib import TTFont

from fastclip.errors import Unprocessable
from fastclip.media import fonts, typeface
from fastclip.media.fonts import Font

SOUND = fonts.catalogue()["Luckiest Guy"].path


def changed(path: Path, **names: Any) -> Path:
    """A copy of a sound font with another family name, or other embedding rights."""
    font: Any = TTFont(SOUND)
    if "family" in names:
        font["name"].setName(names["family"], 1, 3, 1, 0x409)
    font["OS/2"].fsType = names.get("fs_type", 0)
    font.save(path)
    return path


def test_a_sound_font_is_renamed_and_measures_as_before(tmp_path: Path) -> None:
    said = typeface.admit(SOUND, tmp_path / "safe.ttf", family="FCU font_abc")
    safe, before = Font(tmp_path / "safe.ttf"), Font(SOUND)
    assert (said.name, said.format, safe.family) == ("FC Luckiest Guy", "ttf", "FCU font_abc")
    assert (safe.size, safe.cap, safe.advance("AVATAR")) == (before.size, before.cap, before.advance("AVATAR"))


def test_an_otf_is_kept_as_one(tmp_path: Path) -> None:
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.t2CharStringPen import T2CharStringPen

    pen = T2CharStringPen(520, None)
    for n, point in enumerate([(0, 0), (0, 700), (500, 700), (500, 0)]):
        (pen.moveTo if n == 0 else pen.lineTo)(point)
    pen.closePath()
    letter, names = pen.getCharString(), [".notdef", "space", *"ABCHpq"]
    builder = FontBuilder(1000, isTTF=False)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({32: "space"} | {ord(name): name for name in names[2:]})
    builder.setupCFF("Boxes", {"FullName": "Boxes"}, dict.fromkeys(names, letter), {})
    builder.setupHorizontalMetrics(dict.fromkeys(names, (520, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Boxes", "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=800, usWinAscent=800, usWinDescent=200)
    builder.setupPost()
    builder.save(tmp_path / "boxes.otf")
    said = typeface.admit(tmp_path / "boxes.otf", tmp_path / "safe.otf", family="FCU font_abc")
    assert (said.name, said.format, Font(tmp_path / "safe.otf").family) == ("Boxes", "otf", "FCU font_abc")
    assert (tmp_path / "safe.otf").read_bytes()[:4] == b"OTTO"


def test_a_name_like_a_tag_is_only_shown(tmp_path: Path) -> None:
    said = typeface.admit(
        changed(tmp_path / "font.ttf", family="{\\p1}x,\n"), tmp_path / "safe.ttf", family="FCU font_abc"
    )
    assert said.name.startswith("{\\p1}x") and Font(tmp_path / "safe.ttf").family == "FCU font_abc"


def test_a_font_that_may_not_be_embedded_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(Unprocessable, match="forbids embedding"):
        typeface.admit(changed(tmp_path / "font.ttf", fs_type=2), tmp_path / "safe.ttf", family="FCU x")
    assert not (tmp_path / "safe.ttf").exists()


def test_a_variable_font_is_pinned(tmp_path: Path) -> None:
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    pen = TTGlyphPen(None)
    for n, point in enumerate([(0, 0), (0, 700), (500, 700), (500, 0)]):
        (pen.moveTo if n == 0 else pen.lineTo)(point)
    pen.closePath()
    glyph = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    names = [".notdef", "space", *"ABCHpq"]
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({32: "space"} | {ord(name): name for name in names[2:]})
    builder.setupGlyf(dict.fromkeys(names, glyph))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (520, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Wide", "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=800, usWinAscent=800, usWinDescent=200)
    builder.setupPost()
    builder.setupFvar([("wght", 100, 400, 900, "Weight")], [])
    builder.setupGvar({})
    builder.save(tmp_path / "variable.ttf")
    typeface.admit(tmp_path / "variable.ttf", tmp_path / "safe.ttf", family="FCU x")
    assert "fvar" not in TTFont(tmp_path / "safe.ttf")


def _mutated(folder: Path, seed: int) -> Path:
    """A sound font with a few bytes, a stretch or its end changed."""
    chance = random.Random(seed)
    content = bytearray(SOUND.read_bytes())
    for _ in range(chance.choice((1, 8, 64))):
        content[chance.randrange(4, len(content))] = chance.randrange(256)
    if seed % 3 == 1:
        at = chance.randrange(12, len(content) - 400)
        content[at : at + 300] = chance.randbytes(300)
    if seed % 3 == 2:
        del content[chance.randrange(100, len(content)) :]
    path = folder / f"{seed}.ttf"
    path.write_bytes(content)
    return path


def _admitted(folder: Path, seeds: range) -> int:
    """How many of these mutated fonts pass; any other error than a refusal is raised."""
    passed = 0
    for seed in seeds:
        target = folder / f"{seed}.safe"
        try:
            typeface.admit(_mutated(folder, seed), target, family=f"FCU {seed}")
            passed += 1
        except Unprocessable:
            assert not target.exists()
    return passed


def test_mutated_fonts_are_refused_or_drawn_and_nothing_crashes(tmp_path: Path) -> None:
    assert _admitted(tmp_path, range(9)) < 9


@pytest.mark.slow
def test_ninety_mutated_fonts_bring_nothing_down(tmp_path: Path) -> None:
    assert 0 < _admitted(tmp_path, range(90)) < 90
