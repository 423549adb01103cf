"""A recording whose sound ends before its picture: silence stands for what is missing, and sound alone is refused."""

from pathlib import Path

import numpy as np
import pytest

from fastclip.errors import Unprocessable
from fastclip.media import cut, merge, probe
from tests.media import stamped

SOUND_S = 2


@pytest.fixture(params=["mp4", "mkv"])
def early(request, recording, tmp_path) -> Path:
    """Eight seconds of picture, of which the first two are heard."""
    plain, target = str(recording("plain")), tmp_path / f"early.{request.param}"
    stamped.run("-i", plain, "-t", str(SOUND_S), "-i", plain, "-map", "0:v", "-map", "1:a", "-c", "copy", str(target))
    return target


@pytest.mark.parametrize("spans", [[(5, 6), (1, 2)], [(1, 2), (5, 6)], [(5, 6), (6.5, 7.5)]])
@pytest.mark.parametrize("form", ["mp4", "wav"])
def test_joined_ranges_after_the_end_of_the_sound_are_silent(spans, form, early, tmp_path):
    target = tmp_path / f"clip.{form}"
    plan = merge.plan(early, probe.read(early), spans, format=form, height_px=None)
    merge.render(early, target, plan)
    sound = stamped.sound(target)
    assert len(sound) == 2 * stamped.RATE
    loudness = [float(np.abs(second).max()) for second in np.split(sound, 2)]
    assert [one > 0.1 for one in loudness] == [start_s < SOUND_S for start_s, _ in spans]


@pytest.mark.parametrize("form", ["m4a", "mp3"])
def test_sound_after_the_end_of_the_sound_is_refused(form, early, tmp_path):
    plan = cut.plan(early, probe.read(early), start_s=5.1, end_s=6.3, format=form, height_px=None)
    with pytest.raises(Unprocessable, match="no sound after 5.1 s"):
        cut.render(early, tmp_path / f"clip.{form}", plan)
