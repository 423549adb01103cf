"""The real path: ffmpeg, Silero, faster-whisper and pocketsphinx in their child, on real and synthetic speech."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy
import psutil
import pytest

from fastclip.ai import guards, recogniser, speech
from fastclip.ai.guards import Chunk
from fastclip.ai.models import Model
from fastclip.ai.speech import Heard
from fastclip.errors import Canceled, Unprocessable
from fastclip.media.words import Word, joined
from tests.ai.conftest import DATA, TINY
from tests.ai.scoring import start_errors_ms, word_error_rate
from tests.conftest import make

JFK = DATA / "jfk.flac"
JFK_SAID = "And so my fellow Americans, ask not what your country can do for you, ask what you can do for your country."


def quiet(fraction: float, stage: str) -> None: ...


def transcribed(source: Path, work: Path, model: Model | None, duration_s: float, **options) -> list[Heard]:
    heard: list[Heard] = []
    speech.transcribe(source, work, model=model, duration_s=duration_s, heard=heard.append, tell=quiet, **options)
    return heard


def words_of(heard: list[Heard]) -> list[Word]:
    return [word for one in heard for word in one.words]


# The rates of its README (batched), and a word of play: 0 / 3.6 / 3.3 %, median start errors of 6-11 ms.
@pytest.mark.parametrize(("demo", "most_wrong"), [("demo10", 0.0), ("demo45", 0.037), ("demo120", 0.034)])
def test_the_small_whisper_hears_its_demos_as_well_as_its_readme_says(demo, most_wrong, model, work):
    truth = json.loads((TINY / "demos" / f"{demo}.json").read_text())
    words = words_of(transcribed(TINY / "demos" / f"{demo}.wav", work, model, truth["duration"]))
    assert word_error_rate(truth["text"], joined(words)) <= most_wrong
    middle, late = start_errors_ms(truth["words"], words)
    assert middle <= 15 and late <= 60
    assert all(0 < (word.probability or 0) <= 1 for word in words)
    assert all(a.start_s <= b.start_s for a, b in zip(words, words[1:], strict=False))


def test_the_built_in_recogniser_finds_the_words_of_a_real_speech_when_they_are_said(work):
    heard = transcribed(JFK, work, None, 11.0)
    words = words_of(heard)
    said_at = {"fellow": (1.2, 1.7), "america": (1.6, 2.2), "country": (5.8, 6.5)}
    places = [next(n for n, w in enumerate(words) if w.text == text) for text in said_at]
    assert places == sorted(places)
    for place, (low, high) in zip(places, said_at.values(), strict=True):
        assert low - 0.15 <= words[place].start_s < words[place].end_s <= high + 0.15
    assert heard[-1].language == "en"
    assert 0.1 < word_error_rate(JFK_SAID, joined(words)) < 0.4  # what NOTES says of it


def test_words_come_while_the_rest_is_still_heard_and_reach_to_the_end(model, work):
    heard = transcribed(TINY / "demos" / "demo45.wav", work, model, 45.722)
    assert len(heard) >= 4
    until = [one.until_s for one in heard]
    assert until == sorted(until) and until[0] < 15 and until[-1] == pytest.approx(45.722, abs=0.01)
    for before, one in zip([0.0, *until], heard, strict=False):
        assert all(before - 0.5 <= word.start_s <= one.until_s for word in one.words)


def test_a_transcription_goes_on_where_another_stopped(model, work):
    source = TINY / "demos" / "demo45.wav"
    whole = transcribed(source, work, model, 45.722)
    stopped_at = whole[1].until_s
    rest = transcribed(source, work, model, 45.722, start_s=stopped_at)
    assert words_of(rest)[0].start_s >= stopped_at - 0.05
    told = joined(words_of(whole[:2]) + words_of(rest))
    truth = json.loads((TINY / "demos" / "demo45.json").read_text())
    assert word_error_rate(truth["text"], told) <= 0.06


def test_what_tell_raises_ends_the_child_at_once(model, work, tmp_path):
    long = tmp_path / "long.wav"
    make("-stream_loop", "9", "-i", str(TINY / "demos" / "demo120.wav"), str(long))
    children: list[psutil.Process] = []

    def tell(fraction: float, stage: str) -> None:
        if stage.startswith("Listening") and fraction > 0.05:
            children.extend(child for child in psutil.Process().children() if "hear" in child.cmdline())
            raise Canceled("Enough.")

    with pytest.raises(Canceled):
        speech.transcribe(long, work, model=model, duration_s=1218.0, heard=lambda _: None, tell=tell)
    assert len(children) == 1 and not children[0].is_running()
    assert not (work / "sound.s16").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal to send")
def test_a_processor_that_is_too_old_for_whisper_is_told_with_what_to_do(model, work):
    ended: list[int] = []

    def tell(fraction: float, stage: str) -> None:
        if stage.startswith("Listening") and not ended:
            (child,) = [one for one in psutil.Process().children() if "hear" in one.cmdline()]
            ended.append(child.pid)
            child.send_signal(signal.SIGILL)

    with pytest.raises(Unprocessable, match="newer processors.*; take the built-in recogniser"):
        speech.transcribe(
            TINY / "demos" / "demo45.wav", work, model=model, duration_s=45.722, heard=lambda _: None, tell=tell
        )
    assert ended and not (work / "sound.s16").exists()


@pytest.mark.parametrize("sound", ["anullsrc=r=16000:d=5", "sine=r=16000:d=5", "anoisesrc=r=16000:d=5:a=0.1"])
@pytest.mark.parametrize("has_model", [True, False])
def test_where_nobody_speaks_no_words_are_heard(sound, has_model, model, work, tmp_path):
    path = tmp_path / "sound.wav"
    make("-f", "lavfi", "-i", sound, str(path))
    heard = transcribed(path, work, model if has_model else None, 5.0)
    assert words_of(heard) == [] and heard[-1].until_s == pytest.approx(5.0, abs=0.01)


@pytest.mark.parametrize(
    ("layout", "options"),
    [
        ("8 kHz, one channel", ("-ar", "8000", "-ac", "1")),
        ("7.1", ("-ac", "8", "-ar", "48000")),
        ("0.2 s", ("-t", "0.2")),
    ],
)
def test_other_kinds_of_sound_are_heard_too(layout, options, model, work, tmp_path):
    path = tmp_path / "sound.wav"
    make("-i", str(TINY / "demos" / "demo10.wav"), *options, str(path))
    words = words_of(transcribed(path, work, model, 0.2 if layout == "0.2 s" else 9.451))
    if layout == "0.2 s":
        assert words == []
    else:
        truth = json.loads((TINY / "demos" / "demo10.json").read_text())
        # The small model never heard a telephone: half of the words show that the path works.
        assert word_error_rate(truth["text"], joined(words)) <= (0.5 if "8 kHz" in layout else 0.1)


def test_a_language_that_the_model_does_not_know_is_refused_before_anything_starts(model, work):
    for asked, chosen, said in (("de", None, "English only"), ("de", model, "English only"), ("xx", model, "language")):
        with pytest.raises(Unprocessable, match=said) as refusal:
            transcribed(JFK, work, chosen, 11.0, language=asked)
        assert refusal.value.param == "language"
    assert list(work.iterdir()) == []


def test_hotwords_and_english_asked_for_by_name_are_taken(model, work):
    heard = transcribed(TINY / "demos" / "demo10.wav", work, model, 9.451, language="en", hotwords="FastClip, Bunny")
    assert heard[-1].language == "en"


def test_without_a_driver_the_answer_says_why_it_is_the_cpu(model, monkeypatch):
    speech._device.cache_clear()
    monkeypatch.setattr(speech, "_has_driver", lambda: False)
    assert speech.device(model).why == "CPU because this machine has no NVIDIA driver"
    speech._device.cache_clear()


def test_a_gpu_that_does_not_work_is_found_out_in_a_child(model, monkeypatch):
    speech._device.cache_clear()
    monkeypatch.setattr(speech, "_has_driver", lambda: True)
    place = speech.device(model)
    assert place.name == "cpu" and place.why.startswith("CPU because the GPU was tried and does not work: ")
    speech._device.cache_clear()


# -- Offline -------------------------------------------------------------------------------------------------

COUNT = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
def packets():
    rows = [line.split() for line in open("/proc/net/snmp")]
    table = {{(a[0], name): int(value) for a, b in zip(rows[::2], rows[1::2]) for name, value in zip(a[1:], b[1:])}}
    return table["Ip:", "OutRequests"] + table["Ip:", "OutNoRoutes"] + table["Tcp:", "ActiveOpens"]
if "{what}" == "control":
    import socket
    try:
        socket.create_connection(("192.0.2.1", 443), 1)
    except OSError:
        pass
else:
    from fastclip.ai import models, speech
    model = models.find(Path({models!r})) if "{what}" == "whisper" else None
    speech.transcribe(Path({source!r}), speech.fresh(Path({work!r})), model=model, duration_s=9.451,
                      heard=lambda _: None, tell=lambda f, s: None)
print(packets())
"""


@pytest.mark.parametrize("what", ["whisper", "built-in", "control"])
def test_no_packet_leaves_while_a_recording_is_transcribed(what, models_folder, tmp_path):
    """In a network of its own, where the kernel counts every try; the control shows that it does."""
    if not shutil.which("unshare") or subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode:
        pytest.skip("this machine gives no network namespaces")
    named = {"root": str(Path(recogniser.__file__).parents[2]), "models": str(models_folder), "what": what}
    program = COUNT.format(**named, source=str(TINY / "demos" / "demo10.wav"), work=str(tmp_path / "work"))
    home = tmp_path / "home"
    home.mkdir()
    ran = subprocess.run(
        ["unshare", "-rn", sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(home)},
    )
    assert ran.returncode == 0, ran.stderr
    assert (int(ran.stdout) > 0) == (what == "control")
    assert list(home.rglob("*")) == []  # onnxruntime would keep a device id there


def test_the_child_refuses_sockets():
    program = (
        "import sys, runpy; sys.argv = ['x', 'hear', '/nowhere']\n"
        "try: runpy.run_module('fastclip.ai.recogniser', run_name='__main__')\n"
        "except FileNotFoundError: pass\n"
        "import socket; socket.create_connection(('127.0.0.1', 9))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "the recogniser works offline" in ran.stderr


# -- Guards --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chunk", "is_silence"),
    [
        (Chunk("Thanks for watching!", -0.9, 0.1, 0.9), True),
        (Chunk("Thank you.", -0.3, 0.5, 0.9), True),
        (Chunk("Subtitles by the Amara.org community", -0.2, 0.0, 0.3), True),
        (Chunk("Thanks for watching!", -0.1, 0.01, 0.95), False),
        (Chunk("The whole story.", -1.3, 0.8, 0.2), True),
        (Chunk("The whole story.", -1.3, 0.2, 0.2), False),
        (Chunk("Thank you for the report, Anna.", -0.9, 0.5, 0.3), False),
        (Chunk(" ", 0.0, 0.0, 0.0), True),
    ],
)
def test_what_models_write_when_nobody_speaks_is_left_out_unless_they_are_sure(chunk, is_silence):
    assert guards.is_silence(chunk) is is_silence


def test_a_loop_is_seen_and_cut_where_it_begins():
    looped = "so we went to the market and then " + "we said that " * 30
    assert guards.is_loop(looped) and not guards.is_loop(JFK_SAID)
    words = looped.split()
    assert words[: guards.unlooped(words)] == "so we went to the market and then we said that".split()
    assert guards.unlooped(JFK_SAID.split()) == len(JFK_SAID.split())
    assert guards.unlooped("no no no".split()) == 3


# -- Stretches -----------------------------------------------------------------------------------------------


def test_stretches_are_short_enough_cut_at_silences_and_the_same_however_long_the_window(monkeypatch):
    from faster_whisper import decode_audio

    sound = (decode_audio(str(TINY / "demos" / "demo120.wav")) * 32767).astype("<i2")
    found = list(recogniser.spans(sound, 0, 10.0))
    assert all(0 < end - start <= 10 * recogniser.RATE for start, end in found)
    assert all(a[1] <= b[0] + recogniser.RATE // 100 for a, b in zip(found, found[1:], strict=False))
    loudness = numpy.abs(sound.astype("float32"))
    for start, _ in found[1:]:
        assert loudness[start : start + 160].max() < loudness.max() / 4
    monkeypatch.setattr(recogniser, "WINDOW_S", 40)
    again = list(recogniser.spans(sound, 0, 10.0))
    covered = lambda spans: sum(end - start for start, end in spans) / recogniser.RATE  # noqa: E731
    assert abs(covered(found) - covered(again)) < 3
