"""A cut that copies is exact, whatever it is cut from, or it is an encode that says why."""

import random
from pathlib import Path

import pytest

from fastclip.media import cut
from tests.media import corpus, exact

EVERYDAY = ("plain", "phone", "vfr", "standing", "edit_list_end", "ntsc", "rotated", "late_sound", "mkv_ntsc", "flv")
CUTS, EVERYDAY_CUTS = 20, 3


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory):
    """A recording of the corpus by its name, with what a full decode of it gives."""
    folder = tmp_path_factory.mktemp("corpus")
    known: dict[str, exact.Recording] = {}

    def find(name: str) -> exact.Recording:
        if name not in known:
            known[name] = exact.Recording(corpus.make(folder, name))
        return known[name]

    return find


def ranges(name: str, last_s: float, count: int) -> list[tuple[float, float]]:
    """Random ranges, the same each time; the first from the beginning, the second past the end."""
    draw = random.Random(name)
    found = [(0.0, draw.uniform(0.5, 3)), (draw.uniform(0, last_s - 2.5), last_s + 9)]
    while len(found) < count:
        start = draw.uniform(0, last_s - 0.5)
        found.append((start, start + draw.choice([0.1, 0.4, 1.5, 3, 5]) * draw.uniform(0.5, 1.5)))
    return [(round(start, 4), round(end, 4)) for start, end in found[:count]]


def cut_and_check(
    source: exact.Recording, target: Path, start_s: float, end_s: float, *, codecs: tuple[str, ...] = cut.CODECS
) -> cut.Cut:
    plan = cut.plan(
        source.path, source.facts, start_s=start_s, end_s=end_s, format="mp4", height_px=None, codecs=codecs
    )
    made = cut.render(source.path, target, plan)
    exact.check(target, made, plan, source)
    target.unlink()
    return made


@pytest.mark.parametrize("name", EVERYDAY)
def test_random_cuts_are_exact(name, recorded, tmp_path):
    source = recorded(name)
    for start_s, end_s in ranges(name, source.frames[-1].at, EVERYDAY_CUTS):
        cut_and_check(source, tmp_path / "clip.mp4", start_s, end_s)


@pytest.mark.slow
@pytest.mark.parametrize("name", corpus.KINDS)
def test_twenty_random_cuts_of_every_kind_are_exact_or_encoded_for_a_reason(name, recorded, tmp_path, record_property):
    source, kinds = recorded(name), []
    for start_s, end_s in ranges(name, source.frames[-1].at, CUTS):
        made = cut_and_check(source, tmp_path / "clip.mp4", start_s, end_s)
        assert "did not pass" not in made.reason, (start_s, end_s, made.reason)
        kinds.append(made.plan_kind)
        if corpus.KINDS[name].clips not in ("quick", "rarely"):
            assert made.plan_kind == "encode" and corpus.KINDS[name].clips in made.reason, made.reason
    print(f"{name}: {kinds.count('copy')} copied, {kinds.count('smart')} smart, {kinds.count('encode')} encoded")
    if corpus.KINDS[name].clips == "quick":
        assert kinds.count("encode") < len(kinds), kinds
