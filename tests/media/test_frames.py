"""Pictures and times of a source are those of its frames."""

import av
import numpy as np
import pytest

from fastclip.media import frames, index, probe
from tests.media import stamped

STRIP = {"count": 16, "columns": 4, "tile_width": 160}


def _picture(path):
    with av.open(str(path)) as container:
        return next(container.decode(video=0)).reformat(format="gray").to_ndarray()


def test_a_poster_is_the_frame_shown_then_and_upright(recording, tmp_path):
    frames.poster(recording("plain"), tmp_path / "p.jpg", at_s=3.0, height_px=90)
    frames.poster(recording("rotated"), tmp_path / "r.jpg", at_s=3.0)
    assert _picture(tmp_path / "p.jpg").shape == (90, 160)
    assert stamped.number_of(_picture(tmp_path / "p.jpg")) == 90
    assert _picture(tmp_path / "r.jpg").shape == (320, 180)
    assert stamped.number_of(np.rot90(_picture(tmp_path / "r.jpg"))) == 90


def test_a_poster_past_the_end_is_the_first_frame(recording, tmp_path):
    frames.poster(recording("mkv"), tmp_path / "p.jpg", at_s=99.0)
    assert stamped.number_of(_picture(tmp_path / "p.jpg")) == 0


@pytest.mark.parametrize("name", ["plain", "vfr", "webm", "avi", "flv", "hevc", "hdr", "square"])
def test_every_kind_of_source_has_a_poster(name, recording, tmp_path):
    facts = probe.read(recording(name))
    frames.poster(recording(name), tmp_path / "p.jpg", at_s=1.0, is_hdr=facts.is_hdr)
    assert stamped.number_of(_picture(tmp_path / "p.jpg")) in (28, 29, 30)


def _tiles(path, strip):
    sheet = _picture(path)
    height, width = strip.tile_height_px, strip.tile_width_px
    assert sheet.shape == (strip.rows * height, strip.columns * width)
    rows = [divmod(place, strip.columns) for place in range(strip.count)]
    return [sheet[row * height : (row + 1) * height, column * width : (column + 1) * width] for row, column in rows]


def test_a_filmstrip_of_a_short_source_shows_the_middle_of_each_interval(recording, tmp_path):
    facts = probe.read(recording("plain"))
    told: list[float] = []
    target = tmp_path / "f.jpg"
    strip = frames.filmstrip(recording("plain"), facts, target, **STRIP, tell=lambda done, _: told.append(done))
    assert (strip.rows, strip.interval_s, strip.tile_height_px) == (4, 0.5, 90)
    assert [stamped.number_of(tile) for tile in _tiles(target, strip)] == [int((n + 0.5) * 15) for n in range(16)]
    assert told == sorted(told)


def test_a_filmstrip_of_a_long_source_shows_keyframes_and_stands_upright(recording, tmp_path, monkeypatch):
    monkeypatch.setattr(frames, "_READ_ALL_FRAMES", 10)
    facts = probe.read(recording("rotated"))
    strip = frames.filmstrip(recording("rotated"), facts, tmp_path / "f.jpg", count=8, columns=8, tile_width=90)
    assert strip.tile_height_px == 160
    numbers = [stamped.number_of(np.rot90(tile)) for tile in _tiles(tmp_path / "f.jpg", strip)]
    assert numbers == [0, 0, 60, 60, 120, 120, 180, 180]


@pytest.mark.parametrize(
    "name", ["plain", "ntsc_open_gop", "vfr", "mkv", "late_mkv", "edit_list", "late_picture", "webm", "flv"]
)
def test_frame_times_are_those_of_the_decoded_frames(name, recording, tmp_path):
    count = index.frame_times(recording(name), tmp_path / "times")
    times = np.fromfile(tmp_path / "times", dtype="<u4") / 1e5
    decoded = [at for at, _ in stamped.shown(recording(name))]
    assert count == len(times) == len(decoded)
    assert np.abs(times - decoded).max() < 2e-5


@pytest.mark.parametrize("name", ["plain", "mkv", "webm", "flv", "avi"])
def test_keyframes_are_those_of_the_file_read_whole_or_from_its_index(name, recording, monkeypatch):
    whole = index.keyframes(recording(name))
    with av.open(str(recording(name))) as container:
        start = container.start_time / 1e6
        keys = [one for one in container.demux(video=0) if one.is_keyframe]
        assert whole == pytest.approx([float(one.pts * one.time_base) - start for one in keys])
    monkeypatch.setattr(index, "_WHOLE_READ_BYTES", 0)
    by_index = index._keyframe_times(str(recording(name)))
    assert by_index == pytest.approx(whole, abs=0.0011)
