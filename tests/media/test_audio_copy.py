"""Sound that can be copied is copied, to the sample; everything else is written anew and says why."""

import base64
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from fastclip.media import cut, ffmpeg, lossless, probe
from fastclip.media.plans import Cut
from tests.media import stamped

LONG_S, SHORT_S = 75, 22
LONG = ("sound.mp3", "sound.m4a", "film.mp4")
AAC = ("-c:a", "aac", "-b:a", "128k", "-aac_pns", "0")  # noise that is made anew by each decoding cannot be compared
SOURCES: dict[str, tuple[str, ...]] = {
    "sound.m4a": AAC,
    "sound.aac": AAC,
    "sound_44100.m4a": (*AAC, "-ar", "44100"),
    "low.m4a": ("-c:a", "aac", "-ar", "22050"),
    "sound.mp3": ("-c:a", "libmp3lame", "-b:a", "128k"),
    "sound.wav": ("-c:a", "pcm_s16le"),
    "wide.wav": ("-c:a", "pcm_s24le"),
    "float.wav": ("-c:a", "pcm_f32le"),
    "small.wav": ("-c:a", "pcm_u8"),
    "sound.flac": ("-c:a", "flac"),
    "wide.flac": ("-c:a", "flac", "-sample_fmt", "s32"),
    "film.mp4": (*AAC,),
}
RANGES = [(0, 2.5), (3.3333, 11.111), (12.3456, 72.3456), (SHORT_S - 2, SHORT_S + 99)]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory):
    """The path of a stereo recording of noise by its name in SOURCES; made when first asked for."""
    folder = tmp_path_factory.mktemp("sound")

    def find(name: str) -> Path:
        target = folder / name
        if not target.exists():
            left = np.resize(stamped.noise(), (LONG_S if name in LONG else SHORT_S) * stamped.RATE)
            both = np.stack([left, np.roll(left, 4801) * 0.5], 1).astype("<f4").tobytes()
            raw = ("-f", "f32le", "-ar", str(stamped.RATE), "-ac", "2", "-i", "pipe:0")
            film = ("-f", "lavfi", "-i", f"color=s=64x64:r=10:d={LONG_S}", "-c:v", "libx264") * (name == "film.mp4")
            stamped.run(*raw, *film, *SOURCES[name], str(target), given=both)
        return target

    return find


def samples(path: Path) -> np.ndarray:
    """Every sample of both channels, at the file's own rate, as 32-bit whole numbers."""
    return np.frombuffer(stamped.run("-i", str(path), "-vn", "-f", "s32le", "pipe:1"), "<i4").reshape(-1, 2)


def clip(source: Path, target: Path, start_s: float, end_s: float, **other) -> Cut:
    form = target.suffix[1:]
    plan = cut.plan(source, probe.read(source), start_s=start_s, end_s=end_s, format=form, height_px=None, **other)
    return cut.render(source, target, plan)


@pytest.mark.parametrize(
    ("name", "form", "kind"),
    [
        ("sound.m4a", "m4a", "copy"),
        ("sound.aac", "m4a", "copy"),
        ("sound_44100.m4a", "m4a", "copy"),
        ("film.mp4", "m4a", "copy"),
        ("sound.wav", "wav", "copy"),
        ("wide.wav", "wav", "copy"),
        ("float.wav", "wav", "copy"),
        ("small.wav", "wav", "copy"),
        ("sound.flac", "flac", "encode"),
        ("wide.flac", "flac", "encode"),
    ],
)
def test_a_clip_in_its_sources_own_format_loses_nothing(name, form, kind, made, tmp_path):
    source, whole, rate = made(name), samples(made(name)), probe.read(made(name)).sample_rate
    for start_s, end_s in RANGES:
        target = tmp_path / f"clip.{form}"
        done = clip(source, target, start_s, end_s)
        assert done.plan_kind == kind, done.reason
        first = round(start_s * rate)
        wanted = whole[first : first + round((end_s - start_s) * rate)]
        found = samples(target)
        assert len(found) == len(wanted), (name, start_s, end_s)
        assert np.array_equal(found, wanted), (name, start_s, end_s)


@pytest.mark.parametrize(
    ("name", "form", "reason"),
    [
        ("sound.wav", "mp3", "the source is no MP3"),
        ("sound.mp3", "m4a", "the source is no AAC"),
        ("sound.mp3", "wav", "the source is no WAV"),
        ("low.m4a", "m4a", "it is not AAC-LC"),
        ("sound.m4a", "flac", "written anew, without loss"),
    ],
)
def test_sound_that_cannot_be_copied_is_written_anew_and_says_why(name, form, reason, made, tmp_path):
    done = clip(made(name), tmp_path / f"clip.{form}", 1, 3)
    assert done.plan_kind == "encode" and reason in done.reason
    rate = probe.read(made(name)).sample_rate
    assert len(samples(tmp_path / f"clip.{form}")) == 2 * rate


def test_copying_starts_no_process(made, tmp_path, monkeypatch):
    facts = {name: probe.read(made(name)) for name in ("sound.mp3", "sound.m4a", "sound.aac", "sound.wav")}
    monkeypatch.setattr(ffmpeg, "_supervise", None)
    for name, known in facts.items():
        target = tmp_path / f"clip.{'m4a' if name.endswith('aac') else name[-3:]}"
        plan = cut.plan(made(name), known, start_s=10, end_s=20, format=target.suffix[1:], height_px=None)
        made_now = cut.render(made(name), target, plan)
        assert (made_now.plan_kind, made_now.duration_s) == ("copy", 10)


def test_a_copy_that_reads_back_otherwise_is_encoded_instead_unless_it_was_forced(made, tmp_path, monkeypatch):
    def break_it(self, target: Path) -> None:
        target.write_bytes(made("sound.mp3").read_bytes()[:5000])

    monkeypatch.setattr("fastclip.media.mp3.Copy.write", break_it)
    done = clip(made("sound.mp3"), tmp_path / "clip.mp3", 1, 3)
    assert done.plan_kind == "encode" and "did not pass its check" in done.reason
    assert len(samples(tmp_path / "clip.mp3")) == 2 * stamped.RATE
    with pytest.raises(Exception, match="cannot be cut as copy"):
        clip(made("sound.mp3"), tmp_path / "forced.mp3", 1, 3, force="copy")


def test_a_forced_encode_encodes_and_what_cannot_be_copied_is_refused_when_forced(made, tmp_path):
    assert clip(made("sound.mp3"), tmp_path / "clip.mp3", 1, 3, force="encode").plan_kind == "encode"
    with pytest.raises(Exception, match="cannot be cut as copy: sound is written anew"):
        clip(made("sound.wav"), tmp_path / "clip.flac", 1, 3, force="copy")


def test_a_wav_whose_header_promises_too_much_is_cut_where_its_samples_end(made, tmp_path):
    data = bytearray(made("sound.wav").read_bytes()[: 44 + 4 * stamped.RATE])
    place = data.index(b"data") + 4
    data[place : place + 4] = struct.pack("<I", 0xFFFFFFFF)
    (tmp_path / "cut.wav").write_bytes(data)
    copy = lossless.plan(tmp_path / "cut.wav", probe.read(made("sound.wav")), 0.5, 30.0, "wav")
    copy.write(tmp_path / "clip.wav")
    assert 0.49 * stamped.RATE <= len(samples(tmp_path / "clip.wav")) <= 0.5 * stamped.RATE


def test_chromium_hears_exactly_the_samples_that_were_asked_for(made, tmp_path):
    """Length, and where the sound stands: players that ignore a gapless tag or an edit list fail here."""
    from playwright.sync_api import sync_playwright

    chromium = next(path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name)))
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        for name in ("sound.mp3", "sound.m4a"):
            target = tmp_path / f"{name}.clip.{'mp3' if name.endswith('mp3') else 'm4a'}"
            for start_s, length_s in ((5, 60), (10, 10), (3.3333, 7.7777)):
                assert clip(made(name), target, start_s, start_s + length_s).plan_kind == "copy"
                length, head = page.evaluate(DECODE, base64.b64encode(target.read_bytes()).decode())
                assert length == round(length_s * stamped.RATE), (name, start_s)
                whole = samples(made(name))[:, 0] / 2**31
                first = round(start_s * stamped.RATE)
                assert np.abs(np.array(head) - whole[first : first + len(head)]).max() < 0.001, (name, start_s)
        browser.close()


DECODE = """async (encoded) => {
  const bytes = Uint8Array.from(atob(encoded), c => c.charCodeAt(0));
  const heard = await new OfflineAudioContext(2, 48000, 48000).decodeAudioData(bytes.buffer);
  return [heard.length, Array.from(heard.getChannelData(0).slice(0, 4000))];
}"""


@pytest.mark.parametrize("form", ["wav", "flac", "mp3"])
def test_a_loud_tone_of_1_khz_is_cut_though_ffmpeg_takes_it_for_a_transport_stream(form, tmp_path):
    path, target = tmp_path / "tone.wav", tmp_path / f"clip.{form}"
    stamped.run("-f", "lavfi", "-i", "sine=1000:r=48000:d=5,volume=8", "-ac", "2", str(path))
    plan = cut.plan(path, probe.read(path), start_s=1.1, end_s=2.3, format=form, height_px=None, force="encode")
    assert cut.render(path, target, plan).duration_s == pytest.approx(1.2, abs=0.001)
