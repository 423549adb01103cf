"""An MP4 is planned from its index alone, and an index that is not sound is never believed."""

import random
import struct
from pathlib import Path

import av
import pytest

from fastclip.errors import Unprocessable
from fastclip.media import cut, ffmpeg, frames, probe
from fastclip.media.index import EPSILON_S
from fastclip.media.mp4 import index
from fastclip.media.mp4.boxes import Unindexed, box, children
from tests.media import corpus, exact, stamped

FAR = 5 << 30
CONTAINERS = (b"trak", b"mdia", b"minf", b"stbl", b"edts")
MUTATED = ("plain", "mov", "vfr", "edit_list", "moov_first", "mkv", "flv", "hevc", "vp9", "av1")
EVERYDAY_MUTATIONS, ALL_MUTATIONS = 3, 30


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("corpus")


def put_far(source: Path, target: Path) -> Path:
    """The same recording with 5 GB of nothing in front of its samples, which takes 64-bit offsets."""
    data = source.read_bytes()
    parts = {kind: data[low:high] for kind, low, high in children(data, 0, len(data))}
    at = {kind: low for kind, low, _ in children(data, 0, len(data))}
    head = box(b"ftyp", parts[b"ftyp"])
    moved = len(head) + FAR + 8 - at[b"mdat"]
    with open(target, "wb") as file:
        file.write(head + struct.pack(">I4sQ", 1, b"free", FAR))
        file.seek(len(head) + FAR)
        file.write(box(b"mdat", parts[b"mdat"]) + box(b"moov", _moved(parts[b"moov"], moved)))
    return target


def _moved(body: bytes, by: int) -> bytes:
    out = b""
    for kind, low, high in children(body, 0, len(body)):
        part = body[low:high]
        if kind == b"stco":
            count = struct.unpack_from(">I", part, 4)[0]
            offsets = [one + by for one in struct.unpack_from(f">{count}I", part, 8)]
            kind, part = b"co64", part[:8] + struct.pack(f">{count}Q", *offsets)
        out += box(kind, _moved(part, by) if kind in CONTAINERS else part)
    return out


def _read_bytes() -> int:
    return int(Path("/proc/self/io").read_text().split("rchar: ")[1].split()[0])


def test_a_recording_of_5_gb_is_planned_by_its_index_and_a_few_bytes_and_cut_exactly(folder, tmp_path):
    source = exact.Recording(put_far(corpus.make(folder, "plain"), tmp_path / "far.mp4"))
    facts = source.facts
    cut.plan(corpus.make(folder, "gop12"), facts, start_s=1.51, end_s=5.77, format="mp4", height_px=None)  # imports
    before = _read_bytes()
    plan = cut.plan(source.path, facts, start_s=1.51, end_s=5.77, format="mp4", height_px=None)
    assert _read_bytes() - before < 64 << 10
    assert source.path.stat().st_size > FAR and plan.kind == "smart"
    exact.check(tmp_path / "clip.mp4", cut.render(source.path, tmp_path / "clip.mp4", plan), plan, source)


def test_fifty_cuts_of_one_source_read_its_index_once(folder, monkeypatch):
    path, parsed = corpus.make(folder, "plain"), []
    facts = probe.read(path)
    whole = index.parse
    monkeypatch.setattr(index, "parse", lambda *given: parsed.append(1) or whole(*given))
    index._read.cache_clear()
    for number in range(50):
        cut.plan(path, facts, start_s=number / 10, end_s=number / 10 + 2.5, format="mp4", height_px=None)
    assert len(parsed) == 1


def test_frames_and_times_of_the_index_are_those_that_ffmpeg_sees(folder):
    for name in ("plain", "vfr", "edit_list", "edit_list_end", "negative_cts", "late", "intra", "mov"):
        path = corpus.make(folder, name)
        track = next(one for one in index.read(path).tracks if one is not None and one.kind == "video")
        shown = sorted(track.pts[(track.pts >= track.shown_from) & (track.pts < track.shown_to)] / track.timescale)
        start_s = probe.read(path).start_s
        seen = [at for at, _ in stamped.shown(path)]
        assert [at - start_s for at in shown] == pytest.approx(seen, abs=1e-5), name


def test_a_last_frame_of_no_duration_is_shown(tmp_path):
    """Some recorders do not know how long it lasts, and write 0."""
    path, target = tmp_path / "recorded.mp4", tmp_path / "clip.mp4"
    options = (*corpus.X264, "-g", "30", "-bf", "0", "-vf", corpus.JITTER, *corpus.PASS, *corpus.AAC)
    data = bytearray(stamped.encode(path, *options).read_bytes())
    at = data.index(b"stts") + 8
    last = at + 4 + 8 * (int.from_bytes(data[at : at + 4]) - 1)
    assert int.from_bytes(data[last : last + 4]) == 1
    data[last + 4 : last + 8] = bytes(4)
    path.write_bytes(data)
    source = exact.Recording(path)
    plan = cut.plan(path, source.facts, start_s=4.5, end_s=99, format="mp4", height_px=None, force="smart")
    assert plan.window.frames == len([frame for frame in source.frames if frame.at >= 4.5 - EPSILON_S])
    exact.check(target, cut.render(path, target, plan), plan, source)


@pytest.mark.parametrize(
    "change",
    [
        lambda moov: moov[:-200],
        lambda moov: moov.replace(b"stsz", b"xxxx"),
        lambda moov: moov[: moov.index(b"stsz") + 12] + b"\xff\xff\xff\xff" + moov[moov.index(b"stsz") + 16 :],
        lambda moov: moov[: moov.index(b"stts") + 12] + b"\xff\xff\xff\xff" + moov[moov.index(b"stts") + 16 :],
        lambda moov: moov[: moov.index(b"stco") + 12] + b"\xff\xff\xff\xff" + moov[moov.index(b"stco") + 16 :],
        lambda moov: moov[: moov.index(b"stsc") + 16] + b"\xff\xff\xff\xff" + moov[moov.index(b"stsc") + 20 :],
        lambda moov: moov[: moov.index(b"stsz") + 16] + bytes(4) + moov[moov.index(b"stsz") + 20 :],
        lambda moov: box(b"trak", moov) * 3,
        lambda moov: b"",
    ],
)
def test_an_index_that_does_not_add_up_is_not_believed(change, folder):
    data = corpus.make(folder, "plain").read_bytes()
    low, high = next((low, high) for kind, low, high in children(data, 0, len(data)) if kind == b"moov")
    index.parse(data[low:high], len(data))
    with pytest.raises(Unindexed):
        index.parse(change(data[low:high]), len(data))


def mutated(source: Path, target: Path, seed: int) -> Path:
    """The recording with some bytes changed, cut out, or its end missing."""
    draw, data = random.Random(f"{source.name} {seed}"), bytearray(source.read_bytes())
    inside = draw.choice([(0, len(data)), (0, 4096), (max(0, len(data) - 8192), len(data))])
    for _ in range(draw.choice([1, 4, 40])):
        place = draw.randrange(*inside)
        data[min(place, len(data) - 1)] = draw.choice([0, 255, draw.randrange(256)])
    if draw.random() < 0.2:
        start = draw.randrange(len(data))
        del data[start : start + draw.choice([1, 100, len(data) // 3])]
    target.write_bytes(data)
    return target


def clip_or_refusal(path: Path, target: Path) -> str:
    """ "clip" or "refused"; anything else is raised."""
    try:
        facts = probe.read(path)
        codecs = ("h264", "hevc", "vp9", "av1")
        plan = cut.plan(path, facts, start_s=1.51, end_s=5.77, format="mp4", height_px=None, codecs=codecs)
        made = cut.render(path, target, plan)
    except Unprocessable:
        return "refused"
    frames.poster(target, target.with_suffix(".jpg"), at_s=made.duration_s / 3, height_px=90)  # as every job ends
    with av.open(str(target)) as container:
        assert sum(1 for packet in container.demux(video=0) if packet.size) == made.frames
    if made.plan_kind == "encode":  # a copy holds the source's damage where that has some
        shown = exact.decoded(target)
        assert made.frames == len(shown) and shown[0].at == 0
    return made.plan_kind


@pytest.mark.parametrize("name", MUTATED)
def test_a_mutated_recording_gives_a_clip_or_a_refusal(name, folder, tmp_path):
    for seed in range(EVERYDAY_MUTATIONS):
        clip_or_refusal(
            mutated(corpus.make(folder, name), tmp_path / f"x.{corpus.KINDS[name].extension}", seed),
            tmp_path / "clip.mp4",
        )


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTATED)
def test_thirty_mutated_recordings_of_each_kind_give_a_clip_or_a_refusal(name, folder, tmp_path):
    ends = []
    for seed in range(ALL_MUTATIONS):
        path = mutated(corpus.make(folder, name), tmp_path / f"x.{corpus.KINDS[name].extension}", seed)
        try:
            ends.append(clip_or_refusal(path, tmp_path / "clip.mp4"))
        except ffmpeg.Failed as error:
            pytest.fail(f"{name}, seed {seed}: {error} {error.tail}")
    print(f"{name}: {', '.join(f'{ends.count(end)} {end}' for end in sorted(set(ends)))}")
