"""What a source says of its colours, an encoded clip says too."""

import av
import pytest

from fastclip.media import cut, probe
from tests.media import stamped
from tests.media.conftest import AAC, H264

TAGS = {"bt709": (1, 1, 1), "smpte170m": (6, 6, 6), "bt470bg": (5, 5, 6)}
NAMES = {"bt709": ("bt709",) * 3, "smpte170m": ("smpte170m",) * 3, "bt470bg": ("bt470bg", "bt470bg", "smpte170m")}


def tags(path) -> tuple[int, int, int, int]:
    """Matrix, primaries, transfer and range, as the decoder of the first frame has them."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        return int(frame.colorspace), int(frame.color_primaries), int(frame.color_trc), int(frame.color_range)


@pytest.mark.parametrize("name", TAGS)
@pytest.mark.parametrize("height_px", [None, 90])
def test_colour_tags_survive_an_encode(name, height_px, tmp_path):
    space, primaries, transfer = NAMES[name]
    x264 = f"colormatrix={space}:colorprim={primaries}:transfer={transfer}:range=tv"
    source = stamped.encode(tmp_path / "source.mp4", *H264, "-x264-params", x264, *AAC, frames=60)
    assert tags(source) == (*TAGS[name], 1)
    plan = cut.plan(
        source, probe.read(source), start_s=0.3, end_s=1.2, format="mp4", height_px=height_px, force="encode"
    )
    cut.render(source, tmp_path / "clip.mp4", plan)
    assert tags(tmp_path / "clip.mp4") == tags(source)


def test_a_tone_mapped_clip_says_that_it_is_bt709(recording, tmp_path):
    source = recording("hdr")
    plan = cut.plan(source, probe.read(source), start_s=0.3, end_s=1.2, format="mp4", height_px=None)
    cut.render(source, tmp_path / "clip.mp4", plan)
    assert tags(tmp_path / "clip.mp4") == (1, 1, 1, 1)
