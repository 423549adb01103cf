"""A GIF shows its range in time, in its own colours, and loops for ever."""

from pathlib import Path

import av
import numpy as np
import pytest

from fastclip.media import cut, ffmpeg, gif, probe
from fastclip.media.plans import Cut
from tests.media import stamped


def clip(source: Path, target: Path, start_s: float, end_s: float, *, height_px: int) -> Cut:
    plan = cut.plan(source, probe.read(source), start_s=start_s, end_s=end_s, format="gif", height_px=height_px)
    return cut.render(source, target, plan)


def test_a_gif_runs_from_the_first_frame_of_its_range_in_time_and_loops_for_ever(recording, tmp_path):
    target = tmp_path / "clip.gif"
    made = clip(recording("plain"), target, 2.0, 4.0, height_px=720)
    assert (made.frames, made.width_px, made.height_px) == (30, 320, 180)
    assert gif.read(target) == gif.Gif((320, 180), 30, 2.0, loops=0)
    assert [number for _, number in stamped.shown(target)] == list(range(60, 120, 2))
    assert list(tmp_path.iterdir()) == [target]


def test_a_gif_is_dithered_in_the_colours_of_its_own_range(tmp_path):
    """A grey ramp, wider than 256 steps of anything, of which the second half is red: a palette that was made of the
    whole source, or no dither, would show bands."""
    ramp = "nullsrc=s=512x64:r=15:d=2,format=rgb24,geq=r='X/2':g='if(lt(T,1),X/2,0)':b='if(lt(T,1),X/2,0)'"
    source, target = tmp_path / "ramp.mp4", tmp_path / "clip.gif"
    stamped.run("-f", "lavfi", "-i", ramp, "-c:v", "libx264", "-crf", "4", "-pix_fmt", "yuv444p", str(source))
    clip(source, target, 1.0, 2.0, height_px=1080)
    with av.open(str(target)) as made, av.open(str(source)) as whole:
        drawn = [frame.reformat(format="rgb24").to_ndarray().astype(float) for frame in made.decode(video=0)]
        given = [frame.reformat(format="rgb24").to_ndarray().astype(float) for frame in whole.decode(video=0)][15:]
    assert len(drawn) == len(given) == 15
    assert np.abs(drawn[7] - given[7]).mean() < 3  # its own reds, not those of a palette shared with the greys
    assert len(np.unique(drawn[7].reshape(-1, 3), axis=0)) > 60
    rows = drawn[7][8:56, :, 0]
    assert np.mean([len(np.unique(rows[:, x])) > 1 for x in range(512)]) > 0.3  # a column of one colour is drawn in two


@pytest.mark.parametrize(
    "change", [lambda data: data[:-40], lambda data: data[: len(data) // 2], lambda data: data[:20]]
)
def test_a_gif_that_was_cut_short_does_not_pass_its_check(change, recording, tmp_path):
    target = tmp_path / "clip.gif"
    clip(recording("plain"), target, 2.0, 2.5, height_px=480)
    gif.check(target, (320, 180), 6, 0.5)
    for wrong in ((320, 180), 7, 0.5), ((160, 90), 6, 0.5), ((320, 180), 6, 1.0):
        with pytest.raises(ffmpeg.Failed, match="not what was planned"):
            gif.check(target, *wrong)
    target.write_bytes(change(target.read_bytes()))
    with pytest.raises(ffmpeg.Failed):
        gif.check(target, (320, 180), 6, 0.5)
