"""What a source says of its colours, its clips say too, on every frame."""

import av
import pytest

from fastclip.media import cut, probe
from tests.media import stamped
from tests.media.conftest import AAC, H264

TAGS = {"bt709": (1, 1, 1), "smpte170m": (6, 6, 6), "bt470bg": (5, 5, 6)}
NAMES = {"bt709": ("bt709",) * 3, "smpte170m": ("smpte170m",) * 3, "bt470bg": ("bt470bg", "bt470bg", "smpte170m")}


def tags(path) -> tuple[int, int, int, int]:
    """Matrix, primaries, transfer and range, as the decoder of every frame has them."""
    with av.open(str(path)) as container:
        said = {(f.colorspace, f.color_primaries, f.color_trc, f.color_range) for f in container.decode(video=0)}
    (one,) = said
    return tuple(int(number) for number in one)


@pytest.mark.parametrize("name", TAGS)
def test_colour_tags_survive_a_smart_cut_and_an_encode(name, tmp_path):
    space, primaries, transfer = NAMES[name]
    x264 = f"keyint=30:colormatrix={space}:colorprim={primaries}:transfer={transfer}:range=tv"
    source = stamped.encode(tmp_path / "source.mp4", *H264, "-x264-params", x264, *AAC, frames=70)
    assert tags(source) == (*TAGS[name], 1)
    facts = probe.read(source)
    for force, height_px in (("smart", None), ("encode", None), ("encode", 90)):
        span = {"start_s": 0.8, "end_s": 1.9}
        plan = cut.plan(source, facts, **span, format="mp4", height_px=height_px, force=force)
        assert cut.render(source, tmp_path / "clip.mp4", plan).plan_kind == force
        assert tags(tmp_path / "clip.mp4") == tags(source), force


def test_a_tone_mapped_clip_says_that_it_is_bt709(recording, tmp_path):
    source = recording("hdr")
    plan = cut.plan(source, probe.read(source), start_s=0.3, end_s=1.2, format="mp4", height_px=None)
    cut.render(source, tmp_path / "clip.mp4", plan)
    assert tags(tmp_path / "clip.mp4") == (1, 1, 1, 1)
