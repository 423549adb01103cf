"""What a source says of its colours, its clips say too, on every frame."""

from pathlib import Path

import av
import pytest

from fastclip.errors import Unprocessable
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


@pytest.mark.parametrize("name", ["hdr", "hlg"])
def test_a_tone_mapped_clip_says_that_it_is_bt709_and_shows_its_frames(name, recording, tmp_path):
    source, target = recording(name), tmp_path / "clip.mp4"
    facts = probe.read(source)
    plan = cut.plan(source, facts, start_s=0.3, end_s=1.2, format="mp4", height_px=None, codecs=("h264", "hevc"))
    made = cut.render(source, target, plan)
    assert facts.is_hdr and made.plan_kind == "encode" and "HDR" in made.reason
    assert tags(target) == (1, 1, 1, 1)
    assert [number for _, number in stamped.shown(target)] == list(range(9, 36))
    with av.open(str(target)) as clip:
        grey = next(clip.decode(video=0)).reformat(format="gray").to_ndarray()
    assert grey.min() < 40 and 150 < grey.max() <= 255


def called(source: Path, target: Path, tag: bytes) -> Path:
    """A copy of `source` whose picture is called `tag`."""
    content = source.read_bytes()
    assert content.count(b"hvc1") == 1
    target.write_bytes(content.replace(b"hvc1", tag))
    return target


def test_dolby_vision_is_read_as_its_base_layer_and_refused_where_that_has_colours_of_its_own(recording, tmp_path):
    assert probe.read(called(recording("hlg"), tmp_path / "base.mp4", b"dvh1")).is_hdr
    stamped.run("-i", str(recording("hevc")), "-c", "copy", "-tag:v", "hvc1", "-t", "1", str(tmp_path / "plain.mp4"))
    with pytest.raises(Unprocessable, match="Dolby Vision") as refusal:
        probe.read(called(tmp_path / "plain.mp4", tmp_path / "own.mp4", b"dvh1"))
    assert refusal.value.code == "unsupported_media"
