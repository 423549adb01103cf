"""An MP3 clip is its source's own frames, decodes to its source's own samples, and hides the rest by its tag."""

import random
from pathlib import Path

import numpy as np
import pytest

from fastclip.media import cut, mp3, probe
from fastclip.media.codecs import Refused
from fastclip.media.plans import Cut
from tests.media import stamped

KINDS: dict[str, tuple[str, ...]] = {
    "cbr": ("-b:a", "128k"),
    "cbr_320": ("-b:a", "320k"),
    "vbr": ("-q:a", "4"),
    "abr": ("-b:a", "160k", "-abr", "1"),
    "low": ("-b:a", "32k", "-ar", "44100", "-ac", "1"),
    "half_rate": ("-b:a", "48k", "-ar", "22050"),
    "quarter_rate": ("-b:a", "16k", "-ar", "11025", "-ac", "1"),
    "without_tag": ("-b:a", "128k", "-write_xing", "0"),
    "with_id3": ("-b:a", "128k", "-write_id3v1", "1", "-metadata", "title=A title"),
}
LONG_S, SHORT_S = 75, 22
RANGES = [(0, 3), (0.02, 1.9), (3.3333, 11.111), (10, 20), (0.5, 0.7), (SHORT_S - 5, SHORT_S + 99)]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory):
    """The path of an MP3 of noise in stereo by its name in KINDS; made when first asked for."""
    folder = tmp_path_factory.mktemp("mp3")

    def find(name: str, seconds: int = SHORT_S) -> Path:
        target = folder / f"{name}-{seconds}.mp3"
        if not target.exists():
            left = np.resize(stamped.noise(), seconds * stamped.RATE)
            both = (np.stack([left, np.roll(left, 4801) * 0.5], 1) * 32767).astype("<i2").tobytes()
            raw = ("-f", "s16le", "-ar", str(stamped.RATE), "-ac", "2", "-i", "pipe:0")
            stamped.run(*raw, "-c:a", "libmp3lame", *KINDS[name], str(target), given=both)
        return target

    return find


def samples(path: Path) -> np.ndarray:
    """As they are stored: every channel, its own rate."""
    return np.frombuffer(stamped.run("-i", str(path), "-f", "f32le", "pipe:1"), "<f4").reshape(-1, channels(path))


def channels(path: Path) -> int:
    return probe.read(path).channels or 0


def clip(source: Path, target: Path, start_s: float, end_s: float) -> Cut:
    plan = cut.plan(source, probe.read(source), start_s=start_s, end_s=end_s, format="mp3", height_px=None)
    return cut.render(source, target, plan)


@pytest.mark.parametrize("name", KINDS)
def test_a_copied_mp3_decodes_to_exactly_the_samples_of_its_range(name, made, tmp_path):
    source, target = made(name), tmp_path / "clip.mp3"
    whole, rate = samples(source), probe.read(source).sample_rate
    for start_s, end_s in RANGES:
        done = clip(source, target, start_s, end_s)
        assert (done.plan_kind, done.reason) == ("copy", mp3.REASON)
        first = round(start_s * rate)
        wanted = whole[first : first + round((end_s - start_s) * rate)]
        assert np.array_equal(samples(target), wanted), (name, start_s, end_s)
        assert done.duration_s == pytest.approx(len(wanted) / rate, abs=1 / rate)


def test_a_copied_minute_has_no_differing_sample_and_no_complaint_of_a_decoder(made, tmp_path):
    source, target = made("cbr", LONG_S), tmp_path / "clip.mp3"
    clip(source, target, 12.3456, 72.3456)
    first = round(12.3456 * stamped.RATE)
    assert np.array_equal(samples(target), samples(source)[first : first + 60 * stamped.RATE])
    assert stamped.run("-loglevel", "warning", "-i", str(target), "-f", "null", "-") == b""


def test_a_copied_clip_can_be_cut_again_without_loss(made, tmp_path):
    source, once, twice = made("vbr"), tmp_path / "once.mp3", tmp_path / "twice.mp3"
    clip(source, once, 10, 21)
    assert clip(once, twice, 5, 9.5).plan_kind == "copy"
    first = 15 * stamped.RATE
    assert np.array_equal(samples(twice), samples(source)[first : first + round(4.5 * stamped.RATE)])


def test_what_was_cut_away_is_not_in_the_file(made, tmp_path):
    source, target = made("cbr"), tmp_path / "clip.mp3"
    clip(source, target, 10, 20)
    stream, taken = mp3.index(source), target.stat().st_size
    a_frame = int(np.diff(stream.offset).max())
    assert taken <= 10 * 128_000 / 8 + 6 * a_frame


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda data: data[:40_000] + b"junk between frames" + data[40_000:], "something else between its frames"),
        (lambda data: b"\0" * 100 + data, "does not begin with an MP3 frame"),
        (lambda data: data[:100], "has no MP3 frames"),
        (lambda data: b"", "does not begin"),
        (lambda data: data.replace(b"\xff\xfb", b"\xff\xfd"), "no MPEG layer III"),
    ],
)
def test_an_mp3_whose_frames_do_not_follow_each_other_is_not_copied(change, sentence, made, tmp_path):
    broken = tmp_path / "broken.mp3"
    broken.write_bytes(change(made("without_tag").read_bytes()))
    with pytest.raises(Refused, match=sentence):
        mp3.plan(broken, 10_000, 50_000)


def test_two_hundred_mutated_files_are_copied_or_refused(made, tmp_path):
    data, draw = made("vbr").read_bytes()[:200_000], random.Random(3)
    broken, target = tmp_path / "broken.mp3", tmp_path / "clip.mp3"
    refused = 0
    for _ in range(200):
        bad = bytearray(data)
        for _ in range(draw.choice([1, 4, 40])):
            bad[draw.choice([draw.randrange(300), draw.randrange(len(bad))])] = draw.randrange(256)
        broken.write_bytes(bad[: draw.choice([len(bad), draw.randrange(len(bad))])])
        try:
            planned = mp3.plan(broken, draw.randrange(200_000), draw.randrange(400_000))
            planned.write(target)
            planned.check(target)
        except Refused:
            refused += 1
    assert 0 < refused < 200


def test_an_mp3_that_was_replaced_is_read_anew(made, tmp_path):
    path = tmp_path / "source.mp3"
    path.write_bytes(made("cbr").read_bytes())
    before = mp3.index(path)
    assert mp3.index(path) is before
    path.write_bytes(made("vbr").read_bytes())
    assert len(mp3.index(path).offset) and mp3.index(path) is not before
