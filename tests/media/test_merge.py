"""Joined ranges show exactly their frames, one range behind the other, with the sound of exactly those times."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from fastclip.errors import Canceled, Unprocessable
from fastclip.media import fades, merge, probe
from fastclip.media.plans import Cut
from tests.media import exact, stamped

SPANS = [(2.5, 5.5), (1.4, 2.9), (6.0, 7.9)]
Join = Callable[..., Cut]


def join(source: Path, target: Path, spans: list[tuple[float, float]], **other) -> Cut:
    facts, options = probe.read(source), {"format": target.suffix[1:], "height_px": None} | other
    return merge.render(source, target, merge.plan(source, facts, spans, **options))


def numbers(frames: list[tuple[float, int]]) -> list[int]:
    return [number for _, number in frames]


def wanted(source: Path, spans: list[tuple[float, float]]) -> list[int]:
    shown = stamped.shown(source)
    return [number for start_s, end_s in spans for number in numbers(stamped.expected(shown, start_s, end_s))]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("plain", "smart"), ("vfr", "smart"), ("edit_list", "encode"), ("mkv", "smart"), ("hevc", "encode")],
)
def test_joined_ranges_show_every_frame_once_and_in_the_order_asked(name, kind, recording, tmp_path):
    target, source = tmp_path / "clip.mp4", recording(name)
    spans = SPANS if name != "hevc" else [(2.5, 4.2), (0.4, 1.1)]
    made = join(source, target, spans)
    assert made.plan_kind == kind, made.reason
    shown = stamped.shown(target)
    assert numbers(shown) == wanted(source, spans)
    times = [at for at, _ in shown]
    assert times[0] == 0 and times == sorted(set(times)) and made.frames == len(times)
    exact._check_clean(target)
    exact._check_nothing_hidden(target, made.frames)
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_the_sound_of_joined_ranges_is_that_of_their_times_and_exactly_as_long(recording, tmp_path):
    target = tmp_path / "clip.mp4"
    made = join(recording("plain"), target, SPANS)
    sound, heard = stamped.sound(target), stamped.sound(recording("plain"))
    assert len(sound) == round(made.duration_s * stamped.RATE)
    at = 0.0
    for start_s, end_s in SPANS:
        first = np.ceil(start_s * 30 - 0.015) / 30
        length_s = np.ceil(end_s * 30 - 0.015) / 30 - first
        inside = sound[round((at + 0.05) * stamped.RATE) : round((at + length_s - 0.05) * stamped.RATE)]
        match = stamped.lay(inside, heard, round((first + 0.05) * stamped.RATE))
        assert abs(match.lag) <= 1 and match.likeness > 0.85, (start_s, match)
        at += length_s


def test_the_sound_fades_for_ten_milliseconds_on_both_sides_of_a_join_and_not_at_the_ends(recording, tmp_path):
    target = tmp_path / "clip.wav"
    join(recording("sound.wav"), target, [(1, 2), (3, 4.5)])
    sound, whole = stamped.sound(target), stamped.sound(recording("sound.wav"))
    rate, fade = stamped.RATE, round(fades.FADE_S * stamped.RATE)
    assert len(sound) == 2.5 * rate
    plain = np.concatenate([whole[rate : 2 * rate], whole[3 * rate : round(4.5 * rate)]])
    differs = np.flatnonzero(np.abs(sound - plain) > 1e-4)
    assert differs.min() >= rate - fade and differs.max() < rate + fade
    assert np.abs(sound[rate - 20 : rate + 20]).max() < 0.05 * np.abs(plain[rate - fade : rate + fade]).max() + 0.02


@pytest.mark.parametrize("form", ["mp3", "m4a", "flac"])
def test_joined_sound_has_every_sample_of_its_ranges(form, recording, tmp_path):
    target = tmp_path / f"clip.{form}"
    made = join(recording("plain"), target, [(4.217, 6.5003), (1.0, 1.3333), (4.217, 6.5003)])
    lengths_s = 2 * 2.2833 + 0.3333
    assert (made.plan_kind, made.frames) == ("encode", None)
    assert abs(len(stamped.sound(target)) - lengths_s * stamped.RATE) <= 1


def test_a_range_asked_for_twice_and_ranges_of_one_frame_are_joined_too(recording, tmp_path):
    target, spans = tmp_path / "clip.mp4", [(1.0, 1.5), (1.0, 1.5), (2.0, 2.034), (4.0, 4.034), (1.0, 1.034)]
    made = join(recording("plain"), target, spans)
    assert numbers(stamped.shown(target)) == wanted(recording("plain"), spans), made.reason


@pytest.mark.parametrize("count", [6, pytest.param(50, marks=pytest.mark.slow)])
def test_many_ranges_become_one_file(count, recording, tmp_path):
    spans = [(round(0.15 * n, 3), round(0.15 * n + 0.2, 3)) for n in range(count)]
    made = join(recording("plain"), tmp_path / "clip.mp4", spans)
    assert numbers(stamped.shown(tmp_path / "clip.mp4")) == wanted(recording("plain"), spans)
    assert len(stamped.sound(tmp_path / "clip.mp4")) == round(made.duration_s * stamped.RATE)


def test_ranges_on_keyframes_are_copied_whole(recording, tmp_path):
    made = join(recording("plain"), tmp_path / "clip.mp4", [(4.0, 8.0), (0.0, 2.0)])
    assert numbers(stamped.shown(tmp_path / "clip.mp4")) == wanted(recording("plain"), [(4.0, 8.0), (0.0, 2.0)])
    assert made.plan_kind in ("copy", "smart") and "copied" in made.reason


def test_joined_ranges_of_a_silent_source_are_silent_and_of_a_turned_one_stand_upright(recording, tmp_path):
    join(recording("silent"), tmp_path / "silent.mp4", SPANS[:2])
    assert not probe.read(tmp_path / "silent.mp4").has_audio
    join(recording("rotated"), tmp_path / "turned.mp4", SPANS[:2])
    assert probe.read(tmp_path / "turned.mp4").upright_px == probe.read(recording("rotated")).upright_px


def test_a_smaller_picture_is_encoded_and_still_exact(recording, tmp_path):
    made = join(recording("plain"), tmp_path / "clip.mp4", SPANS, height_px=90)
    assert (made.plan_kind, made.width_px, made.height_px) == ("encode", 160, 90)
    assert numbers(stamped.shown(tmp_path / "clip.mp4")) == wanted(recording("plain"), SPANS)


def test_a_still_picture_among_joined_ranges_stands_as_long_as_it_was_asked_for(recording, tmp_path):
    made = join(recording("standing"), tmp_path / "clip.mp4", [(2.5, 3.2), (1.0, 1.5), (3.0, 4.0)], force="encode")
    assert made.duration_s == pytest.approx(2.2, abs=0.04)
    shown = stamped.shown(tmp_path / "clip.mp4")
    assert numbers(shown) == [59, *range(30, 45), 59, *range(60, 75)]


def test_ranges_whose_copies_do_not_fit_together_are_encoded_and_say_so(recording, tmp_path, monkeypatch):
    plain, calls = merge._behind_each_other, []

    def refuse_once(*args):
        calls.append(args)
        if len(calls) == 1:
            raise merge._Unjoined("are not of one format")
        return plain(*args)

    monkeypatch.setattr(merge, "_behind_each_other", refuse_once)
    made = join(recording("plain"), tmp_path / "clip.mp4", SPANS)
    assert made.plan_kind == "encode" and "not of one format" in made.reason
    assert numbers(stamped.shown(tmp_path / "clip.mp4")) == wanted(recording("plain"), SPANS)


@pytest.mark.parametrize("rate", [44100, 22050])
def test_joined_sound_of_any_rate_is_as_long_as_its_picture(rate, recording, tmp_path):
    source, target = tmp_path / "source.mp4", tmp_path / "clip.mp4"
    stamped.run("-i", str(recording("plain")), "-c:v", "copy", "-c:a", "aac", "-ar", str(rate), str(source))
    made = join(source, target, SPANS)
    assert len(stamped.sound(target, rate=rate)) == round(made.duration_s * rate)


def test_a_canceled_join_leaves_nothing_in_any_stage(recording, tmp_path):
    for stage in ("Cutting", "Joining", "Checking"):

        def cancel(fraction: float, said: str, stage: str = stage) -> None:
            if said.startswith(stage):
                raise Canceled("Stopped.")

        facts = probe.read(recording("plain"))
        plan = merge.plan(recording("plain"), facts, SPANS, format="mp4", height_px=None)
        with pytest.raises(Canceled):
            merge.render(recording("plain"), tmp_path / "clip.mp4", plan, tell=cancel)
        assert not list(tmp_path.iterdir())


def test_what_cannot_be_joined_is_refused_in_a_sentence(recording, tmp_path):
    with pytest.raises(Unprocessable, match="This source has no sound"):
        join(recording("silent"), tmp_path / "clip.mp3", SPANS)
    with pytest.raises(Unprocessable, match="There is no frame"):
        join(recording("plain"), tmp_path / "clip.mp4", [(0, 1), (1.001, 1.02)])
    with pytest.raises(Unprocessable, match="cannot be cut as copy"):
        join(recording("plain"), tmp_path / "clip.mp3", SPANS, force="copy")


def test_a_join_out_of_damaged_sound_is_refused_in_a_sentence(tmp_path):
    path = tmp_path / "damaged.m4a"
    stamped.run("-f", "lavfi", "-i", "anoisesrc=d=8:r=48000:a=0.1", "-c:a", "aac", str(path))
    data = bytearray(path.read_bytes())
    low, high = data.index(b"mdat") + 4, data.rindex(b"moov") - 4
    data[low:high] = b"\xff" * (high - low)
    path.write_bytes(data)
    with pytest.raises(Unprocessable, match="damaged there"):
        join(path, tmp_path / "clip.wav", [(4, 5), (2, 3)])
    assert not (tmp_path / "clip.wav").exists()


def test_a_joined_clip_is_one_track_of_each_kind_with_its_index_in_front(recording, tmp_path):
    join(recording("plain"), tmp_path / "clip.mp4", SPANS)
    with av.open(str(tmp_path / "clip.mp4")) as made:
        assert [stream.type for stream in made.streams] == ["video", "audio"]
    data = (tmp_path / "clip.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
