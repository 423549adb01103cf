"""A cut that copies is exact, whatever it is cut from, or it is an encode that says why."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fastclip.errors import Canceled, Unprocessable
from fastclip.media import cut, index, probe, proof, smart, starts
from fastclip.media.mp4 import write
from fastclip.media.plans import Cut, Plan
from tests.media import corpus, exact, stamped

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
) -> Cut:
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
def test_twenty_random_cuts_of_every_kind_are_exact_or_encoded_for_a_reason(name, recorded, tmp_path):
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


@pytest.mark.parametrize("name", ["hevc", "hevc_open_gop", "hevc_mkv", "vp9", "av1_mkv"])
def test_other_codecs_are_kept_and_cut_exactly_when_the_owner_says_so(name, recorded, tmp_path):
    codec = recorded(name).facts.video_codec
    made = cut_and_check(recorded(name), tmp_path / "clip.mp4", 1.51, 5.77, codecs=(codec,))
    assert made.plan_kind == "smart", made.reason
    assert cut_and_check(recorded(name), tmp_path / "clip.mp4", 1.51, 2.6).plan_kind == "encode"


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in corpus.KINDS if corpus.KINDS[name].clips in ("HEVC", "VP9", "AV1")])
def test_twenty_random_cuts_of_kept_codecs_are_exact(name, recorded, tmp_path):
    source, kinds = recorded(name), []
    for start_s, end_s in ranges(name, source.frames[-1].at, CUTS):
        made = cut_and_check(source, tmp_path / "clip.mp4", start_s, end_s, codecs=(source.facts.video_codec,))
        assert "did not pass" not in made.reason, made.reason
        kinds.append(made.plan_kind)
    print(f"{name} kept: {kinds.count('copy')} copied, {kinds.count('smart')} smart, {kinds.count('encode')} encoded")


def planned(source: exact.Recording, start_s: float, end_s: float, **more) -> Plan:
    return cut.plan(source.path, source.facts, start_s=start_s, end_s=end_s, format="mp4", height_px=None, **more)


def test_the_check_sees_a_clip_that_is_one_frame_late(recorded, tmp_path):
    source, target = recorded("plain"), tmp_path / "clip.mp4"
    made = cut.render(source.path, target, planned(source, 1.51, 5.77))
    exact.check(target, made, planned(source, 1.51, 5.77), source)
    with pytest.raises(AssertionError):
        exact.check(target, made, planned(source, 1.51 + 1 / 30, 5.77 + 1 / 30), source)


def test_frames_outside_the_edges_are_the_source_s_own_bit_for_bit(recorded, tmp_path):
    source, target = recorded("plain"), tmp_path / "clip.mp4"
    plan = planned(source, 1.51, 5.77)
    made = cut.render(source.path, target, plan)
    digests = [frame.digest for frame in exact.decoded(target)]
    same = [one == other.digest for one, other in zip(digests, exact.expected(source, plan), strict=True)]
    assert plan.recipe is not None and made.plan_kind == "smart"
    assert same.count(True) >= plan.window.frames - plan.recipe.encoded > 90
    assert not all(same)


def test_edges_of_what_a_slow_encoder_made_small_keep_forty_decibels(tmp_path):
    zoom = ("-f", "lavfi", "-i", "mandelbrot=size=320x180:rate=30", "-t", "4")
    slow = ("-c:v", "libx264", "-preset", "slow", "-crf", "30", "-x264-params", "keyint=60:scenecut=0:bframes=3")
    stamped.run(*zoom, *slow, "-pix_fmt", "yuv420p", str(tmp_path / "zoom.mp4"))
    source = exact.Recording(tmp_path / "zoom.mp4")
    plan = planned(source, 0.3, 3.9)
    made = cut.render(source.path, tmp_path / "clip.mp4", plan)
    assert made.plan_kind == "smart" and plan.recipe.encoded > 40
    frames = exact.decoded(tmp_path / "clip.mp4")
    exact._check_copied(frames, exact.expected(source, plan), plan.recipe.encoded, (made.reason,))


def test_a_range_between_keyframes_is_copied_without_a_codec(recorded, tmp_path):
    source = recorded("gop12")
    made = cut.render(source.path, tmp_path / "clip.mp4", planned(source, 1.2, 4.0, force="copy"))
    assert (made.plan_kind, made.frames) == ("copy", 84)
    exact.check(tmp_path / "clip.mp4", made, planned(source, 1.2, 4.0), source)


@pytest.mark.parametrize(
    ("name", "span", "force", "said"),
    [
        ("plain", (1.51, 5.77), "copy", "frames must be encoded"),
        ("hevc", (1.51, 5.77), "smart", "HEVC"),
        ("plain", (1.1, 1.4), "smart", "no keyframe"),
    ],
)
def test_a_plan_that_is_forced_and_cannot_be_is_refused_with_the_reason(name, span, force, said, recorded):
    with pytest.raises(Unprocessable, match=said):
        planned(recorded(name), *span, force=force)


def test_a_smaller_picture_than_the_source_s_is_encoded(recorded):
    source = recorded("plain")
    plan = cut.plan(source.path, source.facts, start_s=1.51, end_s=5.77, format="mp4", height_px=90)
    assert plan.kind == "encode" and "larger" in plan.reason


def test_a_source_that_tells_decoding_times_alone_is_encoded_in_the_order_it_is_shown(recorded, tmp_path):
    """As VLC 2 wrote its recordings: with B pictures, and times as if there were none."""
    source, target = tmp_path / "vlc.mp4", tmp_path / "clip.mp4"
    stamped.run("-i", str(recorded("many_b").path), "-an", "-c", "copy", "-bsf:v", "setts=pts=DTS", str(source))
    plan = cut.plan(source, probe.read(source), start_s=1.51, end_s=5.77, format="mp4", height_px=None)
    assert plan.kind == "encode" and "order" in plan.reason
    cut.render(source, target, plan)
    numbers = [frame.number for frame in exact.decoded(target)]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) and len(numbers) > 120


def test_a_source_that_cannot_be_decoded_at_an_edge_is_encoded_and_the_reason_is_told(recorded, tmp_path):
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(recorded("plain").path.read_bytes())
    source = exact.Recording(damaged)
    plan = planned(source, 1.51, 5.77)
    track, head = plan.recipe.picture, plan.recipe.head
    with open(damaged, "r+b") as file:
        for sample in range(head.first + 3, head.stop):
            file.seek(int(track.offset[sample]) + 8)
            file.write(bytes(int(track.size[sample]) - 8))
    made = cut.render(damaged, tmp_path / "clip.mp4", plan)
    assert made.plan_kind == "encode" and "did not pass its check" in made.reason
    assert [path.name for path in tmp_path.iterdir() if path.suffix not in (".mp4", ".wav")] == []


def test_a_file_that_is_not_what_was_planned_does_not_pass_its_proof(recorded, tmp_path):
    source, target = recorded("plain"), tmp_path / "clip.mp4"
    track = copied_track(planned(source, 1.0, 4.0).recipe)
    write.write(target, [track], [source.path], tell=lambda fraction: None)
    proof.check(target, [track], [source.path])
    late, other = replace(track, pts=track.pts + 512), replace(track, offset=track.offset + 1)
    for wrong in (late, other):
        with pytest.raises(proof.Wrong):
            proof.check(target, [wrong], [source.path])


def copied_track(recipe: smart.Recipe) -> write.Track:
    track, samples = recipe.picture, recipe.copied
    dts, pts = track.dts[samples], track.pts[samples]
    where = (np.zeros(len(samples), int), track.offset[samples], track.size[samples], track.is_key[samples])
    span = {"begin": int(pts.min() - dts[0]), "length": recipe.end - recipe.start}
    return write.Track("video", track.timescale, track.entry, dts - dts[0], pts - dts[0], *where, last=512, **span)


@pytest.mark.parametrize(
    ("name", "codecs", "is_open"),
    [("plain", ("h264",), True), ("hevc", ("h264",), False), ("hevc", ("h264", "hevc"), True), ("plain", (), False)],
)
def test_a_source_is_open_to_copies_when_its_codec_is_kept(name, codecs, is_open, recorded):
    assert smart.is_open_to(recorded(name).facts, codecs) is is_open


@pytest.mark.parametrize(
    ("name", "offered"), [("plain", [0, 1, 2, 3, 4, 5, 6, 7]), ("open_gop", [0]), ("sparse_idr", [0, 2, 4, 6])]
)
def test_the_starts_offered_are_those_that_copy(name, offered, recorded):
    source = recorded(name)
    assert starts.offered(source.path, source.facts) == pytest.approx(offered)
    for start_s in offered:
        assert planned(source, start_s, 7.99).recipe.head is None
    if name == "open_gop":
        assert len(index.keyframes(source.path)) > 1


def test_progress_rises_through_named_stages_and_a_refusal_there_leaves_nothing(recorded, tmp_path):
    source, told = recorded("gop60"), []
    plan = planned(source, 0.51, 7.3)
    cut.render(source.path, tmp_path / "clip.mp4", plan, tell=lambda *what: told.append(what))
    fractions, stages = [fraction for fraction, _ in told], [stage.partition(":")[0] for _, stage in told]
    assert fractions == sorted(fractions) and 0 <= fractions[0] and fractions[-1] < 1
    assert list(dict.fromkeys(stages)) == ["Cutting", "Copying", "Checking"]
    (tmp_path / "clip.mp4").unlink()
    with pytest.raises(Canceled):
        cut.render(source.path, tmp_path / "clip.mp4", plan, tell=_cancel)
    assert list(tmp_path.iterdir()) == []


def _cancel(fraction: float, stage: str) -> None:
    raise Canceled("You canceled this job.")
