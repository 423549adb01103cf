"""A clip holds the frames and the samples that were asked for, all of them and no other."""

import itertools
import logging
from dataclasses import replace
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest

from fastclip.errors import Canceled, Unprocessable
from fastclip.media import cut, encode, ffmpeg, probe, proof
from fastclip.media.mp4 import index
from fastclip.media.plans import Cut
from tests.media import stamped
from tests.media.conftest import REMUXED, SOUNDS, VIDEOS, Recording

RANGES = [(0, 1.0), (0.5, 0.534), (2.0, 3.0), (3.217, 4.9), (1.2, 99.0)]
TURNED = {"rotated": 90}
KINDS = [
    *(name for name in VIDEOS if name not in ("hdr", "hlg", "standing")),
    *REMUXED,
    "two_tracks.mp4",
    "no_duration.webm",
]
# Matroska and FLV keep whole milliseconds. AVI keeps no times: after a seek its sound stands on thirds of MP3 packets.
LAG = dict.fromkeys(["flv", "mkv", "late_mkv", "ten_bit", "webm", "no_duration.webm"], 64) | {
    "avi": 384,
    "avi_h264": 384,
}
SAMPLE = Path(__file__).parents[1] / "data" / "big-buck-bunny-480p-30s.mp4"


facts_of, heard_in = cache(probe.read), cache(stamped.sound)


def clip(source: Path, target: Path, start_s: float, end_s: float, *, height_px: int | None = None) -> Cut:
    facts = facts_of(source)
    plan = cut.plan(source, facts, start_s=start_s, end_s=end_s, format=target.suffix[1:], height_px=height_px)
    return cut.render(source, target, plan)


@pytest.fixture(scope="session")
def seen(recording: Recording):
    """(time, number) of all frames of a recording, and its sound."""
    known: dict = {}

    def look(name: str):
        if name not in known:
            path = recording(name)
            heard = stamped.sound(path) if name != "silent" else None
            frames = stamped.shown_by_ffmpeg(path) if path.suffix == ".avi" else stamped.shown(path)
            known[name] = (frames, heard)
        return known[name]

    return look


@pytest.mark.parametrize("name", KINDS)
def test_a_clip_holds_the_frames_and_samples_of_its_range_and_no_other(name, recording, seen, tmp_path):
    source, heard = seen(name)
    for start_s, end_s in RANGES:
        target = tmp_path / f"{start_s}.mp4"
        made = clip(recording(name), target, start_s, end_s)
        turned = TURNED.get(name, 0) if made.plan_kind == "encode" else 0
        wanted, shown = stamped.expected(source, start_s, end_s), stamped.shown(target, turned=turned)
        assert [number for _, number in shown] == [number for _, number in wanted], (name, start_s, end_s)
        assert made.frames == len(wanted)
        assert shown[0][0] == 0
        assert max(abs(a - b) for (a, _), (b, _) in zip(shown, wanted, strict=True)) < 0.0011
        if heard is not None:
            _sound_matches(name, target, made, heard)


def _sound_matches(name, target, made, heard):
    sound = stamped.sound(target)
    assert abs(len(sound) - made.duration_s * stamped.RATE) <= 2
    first = round(made.start_s * stamped.RATE)
    if made.duration_s < 0.3:
        return
    if not heard[first : first + len(sound)].any():
        assert not sound.any()
        return
    match = stamped.lay(sound, heard, first)
    assert match.likeness > 0.85, (name, made.start_s, match)
    assert abs(match.lag) <= LAG.get(name, 1), (name, made.start_s, match)


def test_a_cut_that_is_one_frame_late_does_not_pass_for_an_exact_one(recording, seen, tmp_path):
    path, target = recording("plain"), tmp_path / "late.mp4"
    facts = probe.read(path)
    plan = cut.plan(path, facts, start_s=2.0, end_s=3.0, format="mp4", height_px=None)
    step = 1 / 30
    late = replace(plan.window, low_s=plan.window.low_s + step, high_s=plan.window.high_s + step)
    assert encode.write(path, target, facts, late, (320, 180), tell=None) == 30
    wanted = [number for _, number in stamped.expected(seen("plain")[0], 2.0, 3.0)]
    assert [number for _, number in stamped.shown(target)] != wanted
    sound = stamped.sound(target)
    assert stamped.lay(sound, seen("plain")[1], round((2.0 + step) * stamped.RATE)).lag == -round(step * stamped.RATE)


def test_wrong_times_in_the_packets_are_mended_by_counting_decoded_frames(recording, seen, tmp_path, caplog):
    path, target = recording("plain"), tmp_path / "clip.mp4"
    plan = cut.plan(path, probe.read(path), start_s=2.0, end_s=3.0, format="mp4", height_px=None, force="encode")
    wrong = replace(plan, window=replace(plan.window, frames=31))
    with caplog.at_level(logging.WARNING):
        made = cut.render(path, target, wrong)
    assert made.frames == 30
    assert "31 frames planned, 30 made" in caplog.text
    assert [number for _, number in stamped.shown(target)] == list(range(60, 90))


def test_a_clip_that_reads_back_otherwise_than_planned_is_a_failure_and_leaves_no_file(
    recording, tmp_path, monkeypatch
):
    path, target = recording("plain"), tmp_path / "clip.mp4"
    plan = cut.plan(path, probe.read(path), start_s=2.0, end_s=3.0, format="mp4", height_px=None, force="encode")
    late = replace(
        plan, window=replace(plan.window, start_s=plan.window.start_s - 1, is_held=True, low_s=2.2, frames=24)
    )
    with pytest.raises(ffmpeg.Failed, match="not what was planned"):
        cut.render(path, target, late)
    assert not target.exists()


def test_a_source_whose_frames_carry_their_decoding_times_is_refused_in_a_sentence(recording, tmp_path):
    """Some writers store a picture with B-frames so; decoded, its times go back and forth."""
    path, target = tmp_path / "decoding.mkv", tmp_path / "clip.mp4"
    stamped.run("-i", str(recording("plain")), "-c", "copy", "-bsf:v", "setts=pts=DTS", str(path))
    plan = cut.plan(path, probe.read(path), start_s=1.3, end_s=4.1, format="mp4", height_px=None, force="encode")
    with pytest.raises(Unprocessable, match="times that are not those of their order") as refusal:
        cut.render(path, target, plan)
    assert refusal.value.code == "unsupported_media"
    assert not target.exists()


@pytest.mark.parametrize("wrong", ["atrim=end=0.5", "adelay=300:all=1"])
def test_an_encoded_clip_whose_sound_is_off_does_not_pass_its_proof(wrong, recording, tmp_path):
    clip(recording("plain"), tmp_path / "clip.mp4", 1.0, 2.0, height_px=90)
    proof.check_encoded(tmp_path / "clip.mp4", 1.0, tell=None)
    late = tmp_path / "late.mp4"
    stamped.run("-i", str(tmp_path / "clip.mp4"), "-c:v", "copy", "-af", wrong, "-c:a", "aac", str(late))
    with pytest.raises(proof.Wrong, match="beside its picture"):
        proof.check_encoded(late, 1.0, tell=None)


def test_an_encoded_clip_whose_last_picture_does_not_decode_does_not_pass_its_proof(recording, tmp_path):
    target = tmp_path / "clip.mp4"
    clip(recording("plain"), target, 1.0, 2.0, height_px=90)
    picture = index.read(target).tracks[0]
    with open(target, "r+b") as file:
        file.seek(int(picture.offset[-1]) + 5)
        file.write(bytes(int(picture.size[-1]) - 5))
    with pytest.raises((proof.Wrong, ffmpeg.Failed)):
        proof.check_encoded(target, 1.0, tell=None)


def test_the_sample_from_7_30_to_19_85_holds_frames_176_to_476(tmp_path):
    target = tmp_path / "bunny.mp4"
    made = clip(SAMPLE, target, 7.30, 19.85)
    assert (made.frames, made.width_px, made.height_px) == (301, 854, 480)
    assert made.start_s == pytest.approx(176 / 24)
    with av.open(str(SAMPLE)) as source, av.open(str(target)) as result:
        small = [frame.reformat(160, 90, "gray").to_ndarray().astype("int16") for frame in source.decode(video=0)]
        clips = [frame.reformat(160, 90, "gray").to_ndarray().astype("int16") for frame in result.decode(video=0)]
    off = {
        shift: np.mean([np.abs(one - small[176 + shift + at]).mean() for at, one in enumerate(clips)])
        for shift in (-1, 0, 1)
    }
    assert off[0] < 1.5
    assert off[0] < off[-1] / 2 and off[0] < off[1] / 2


def test_a_clip_inside_a_picture_that_stands_still_shows_that_picture(recording, tmp_path):
    """Frame 59 is shown from 1.97 s to 3.5 s, as a screen recording leaves it."""
    inside = clip(recording("standing"), tmp_path / "inside.mp4", 2.5, 3.2)
    assert (inside.frames, inside.start_s, inside.duration_s) == (1, 2.5, pytest.approx(0.7))
    assert stamped.shown(tmp_path / "inside.mp4") == [(0.0, 59)]
    across = clip(recording("standing"), tmp_path / "across.mp4", 2.5, 4.0)
    shown = stamped.shown(tmp_path / "across.mp4")
    assert [number for _, number in shown] == [59, *range(60, 75)]
    assert shown[1][0] == pytest.approx(1.0, abs=0.001)
    assert across.duration_s == pytest.approx(1.5)
    into = clip(recording("standing"), tmp_path / "into.mp4", 1.0, 3.0)
    assert (into.frames, into.duration_s) == (30, 2.0)
    for name, seconds in (("inside", 0.7), ("across", 1.5), ("into", 2.0)):
        assert probe.read(tmp_path / f"{name}.mp4").duration_s == pytest.approx(seconds, abs=0.05)


def test_vorbis_is_cut_to_the_sample_also_where_its_blocks_change_their_length(tmp_path):
    """There one frame says that it begins later than it does."""
    source, rate = tmp_path / "clicks.ogg", 22050
    clicks = "aevalsrc=exprs=0.7*random(0)*exp(-40*mod(t\\,0.37)):s=22050:d=8"
    stamped.run("-f", "lavfi", "-i", clicks, "-c:a", "libvorbis", "-q:a", "4", str(source))
    whole, late = stamped.sound(source, rate=rate), []
    with av.open(str(source)) as container:
        frames = [(frame.pts, frame.samples) for frame in container.decode(audio=0)]
    for (before, length), (pts, _) in itertools.pairwise(frames):
        if pts > before + length and pts > 3 * rate:
            late.append(pts - 12)
    assert len(late) > 5
    for first in late[:5]:
        clip(source, tmp_path / "clip.wav", first / rate, first / rate + 0.4)
        heard = stamped.sound(tmp_path / "clip.wav", rate=rate)
        assert np.abs(heard - whole[first : first + len(heard)]).max() < 1e-4, first


def test_sound_that_changes_its_rate_on_the_way_makes_no_clip_that_is_longer_than_asked(tmp_path):
    parts = []
    for rate in ("44100", "48000"):
        path = tmp_path / f"{rate}.mp3"
        stamped.run("-f", "lavfi", "-i", f"anoisesrc=d=4:a=0.3:r={rate}", "-c:a", "libmp3lame", str(path))
        parts.append(path.read_bytes())
    source = tmp_path / "joined.mp3"
    source.write_bytes(b"".join(parts))
    with pytest.raises(Unprocessable, match="damaged"):
        clip(source, tmp_path / "clip.wav", 1.0, 6.0)
    assert not (tmp_path / "clip.wav").exists()
    assert clip(source, tmp_path / "clip.wav", 1.0, 3.0).duration_s == 2.0


def test_a_silent_clip_that_ends_with_a_picture_that_stands_still_lasts_as_long_as_it(recording, tmp_path):
    """The end is so near to the next frame that it is moved there."""
    source = tmp_path / "silent.mp4"
    stamped.run("-i", str(recording("standing")), "-an", "-c", "copy", str(source))
    facts = probe.read(source)
    plan = cut.plan(source, facts, start_s=1.0, end_s=3.45, format="mp4", height_px=None, force="encode")
    made = cut.render(source, tmp_path / "clip.mp4", plan)
    assert (made.frames, made.duration_s) == (30, 2.5)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        assert container.streams.video[0].duration * container.streams.video[0].time_base == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("name", "height_px", "size"),
    [
        ("plain", 1080, (320, 180)),
        ("plain", 90, (160, 90)),
        ("plain", 101, (180, 100)),
        ("rotated", 90, (90, 160)),
        ("square", None, (426, 180)),
    ],
)
def test_height_caps_the_short_side_and_a_clip_is_upright_with_square_pixels(
    name, height_px, size, recording, tmp_path
):
    target = tmp_path / "clip.mp4"
    made = clip(recording(name), target, 1.0, 1.5, height_px=height_px)
    facts = probe.read(target)
    assert (made.width_px, made.height_px) == size == (facts.width_px, facts.height_px)
    assert (facts.rotation, facts.sar, facts.pix_fmt) == (0, 1, "yuv420p")


@pytest.mark.parametrize("name", ["hdr", "ten_bit", "interlaced"])
def test_a_clip_is_8_bit_standard_range_and_progressive_whatever_the_source(name, recording, tmp_path):
    source = probe.read(recording(name))
    assert (source.is_hdr, source.is_interlaced, "10" in source.pix_fmt) == (
        name == "hdr",
        name == "interlaced",
        name != "interlaced",
    )
    clip(recording(name), tmp_path / "clip.mp4", 0.5, 1.5)
    facts = probe.read(tmp_path / "clip.mp4")
    assert (facts.pix_fmt, facts.is_hdr, facts.is_interlaced) == ("yuv420p", False, False)


def test_the_first_audio_track_is_the_one_kept_and_every_plan_says_so(recording, tmp_path):
    made = clip(recording("two_tracks.mp4"), tmp_path / "clip.mp4", 1.0, 2.0)
    for form, force in (("mp4", "encode"), ("m4a", None), ("mp3", None)):
        options = {"format": form, "height_px": None, "force": force}
        plan = cut.plan(
            recording("two_tracks.mp4"), facts_of(recording("two_tracks.mp4")), start_s=1, end_s=2, **options
        )
        assert plan.reason.endswith("; the first of 2 sound tracks kept"), plan.reason
    assert made.reason.endswith("; the first of 2 sound tracks kept")
    with av.open(str(tmp_path / "clip.mp4")) as made:
        assert [stream.type for stream in made.streams] == ["video", "audio"]
    first = stamped.sound(recording("two_tracks.mp4"), track=0)
    assert stamped.lay(stamped.sound(tmp_path / "clip.mp4"), first, stamped.RATE).likeness > 0.9


@pytest.mark.parametrize("kind", [*SOUNDS, "plain"])
@pytest.mark.parametrize("form", ["mp3", "wav", "m4a", "flac"])
def test_a_sound_clip_is_exact_to_the_sample(kind, form, recording, tmp_path):
    source = recording(kind if kind == "plain" else f"sound.{kind}")
    heard = heard_in(source)
    for start_s, end_s in ((0, 1.0), (4.217, 6.5003)):
        target = tmp_path / f"{start_s}.{form}"
        made = clip(source, target, start_s, end_s)
        sound = stamped.sound(target)
        assert made.frames is None
        assert len(sound) == round((end_s - start_s) * stamped.RATE)
        match = stamped.lay(sound, heard, round(start_s * stamped.RATE))
        assert match.lag == 0 and match.likeness > 0.9, match


def test_a_sound_clip_ends_where_its_source_ends(recording, tmp_path):
    made = clip(recording("sound.flac"), tmp_path / "clip.wav", 7.5, 8.04)
    assert (made.start_s, made.duration_s) == (7.5, 0.5)
    assert len(stamped.sound(tmp_path / "clip.wav")) == stamped.RATE // 2


@pytest.mark.parametrize(
    ("name", "form", "start_s", "end_s", "sentence"),
    [
        ("plain", "mp4", 20, 21, "The picture of this source ends before 20 s."),
        ("plain", "mp4", 1.001, 1.02, "There is no frame between 1.001 and 1.02 s."),
        ("sound.mp3", "mp4", 1, 2, "This source has no picture."),
        ("silent", "mp3", 1, 2, "This source has no sound."),
        ("sound.wav", "mp3", 9, 10, "The source ends at 8 s."),
    ],
)
def test_a_range_that_holds_nothing_is_refused_in_a_sentence(name, form, start_s, end_s, sentence, recording, tmp_path):
    with pytest.raises(Unprocessable, match=sentence):
        clip(recording(name), tmp_path / f"clip.{form}", start_s, end_s)
    assert not list(tmp_path.iterdir())


def test_cancel_while_rendering_ends_it_and_leaves_no_file(recording, tmp_path):
    path, target = recording("plain"), tmp_path / "clip.mp4"
    plan = cut.plan(path, probe.read(path), start_s=0, end_s=8, format="mp4", height_px=None)

    def cancel(fraction: float, stage: str) -> None:
        raise Canceled("Stopped.")

    with pytest.raises(Canceled):
        cut.render(path, target, plan, tell=cancel)
    assert not target.exists()
