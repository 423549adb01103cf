"""`fastclip caption`, run as people run it."""

import json
import subprocess
import sys
from pathlib import Path

import pysubs2
import pytest

from fastclip import cli_caption
from fastclip.errors import InvalidRequest
from fastclip.media import probe

SRT = "1\n00:00:00,200 --> 00:00:01,400\nHello big world\n\n2\n00:00:01,500 --> 00:00:02,800\nGood {\\p1}bye\n"
WORDS = [{"word": "Hello", "start": 0.2, "end": 0.6}, {"word": "world", "start": None, "end": None}]


def caption(*arguments: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "fastclip", "caption", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, timeout=120)


def test_a_video_and_a_subtitle_file_become_a_captioned_mp4_and_an_ass_file(tmp_path: Path, tiny: Path) -> None:
    (tmp_path / "said.srt").write_text(SRT)
    out, ass = tmp_path / "out.mp4", tmp_path / "out.ass"
    said = ["--transcript", tmp_path / "said.srt", "--preset", "builtin:bold-hook"]
    done = caption(tiny, *said, "-o", out, "--ass", ass)
    assert done.returncode == 0, done.stderr
    before, after = probe.read(tiny), probe.read(out)
    assert (after.frames, after.upright_px, after.has_audio) == (before.frames, before.upright_px, True)
    events = pysubs2.SSAFile.load(str(ass))
    assert {event.plaintext for event in events} >= {"HELLO", "BIG", "WORLD", "GOOD"}
    assert tiny.read_bytes() != out.read_bytes()


@pytest.mark.parametrize("shape", [WORDS, {"words": WORDS}, {"segments": [{"words": WORDS}]}])
def test_words_come_as_json_of_every_usual_shape(tmp_path: Path, tiny: Path, shape: object) -> None:
    (tmp_path / "said.json").write_text(json.dumps(shape))
    done = caption(
        tiny, "--transcript", tmp_path / "said.json", "--preset", "builtin:documentary", "--ass", tmp_path / "a.ass"
    )
    assert done.returncode == 0, done.stderr
    assert {event.plaintext for event in pysubs2.SSAFile.load(str(tmp_path / "a.ass"))} == {"Hello", "world"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--preset", "builtin:none", "-o", "out.mp4"], "There is no preset builtin:none here."),
        (["--preset", "builtin:bold-hook"], "Name what to write"),
        (["--preset", "builtin:bold-hook", "-o", "out.gif"], "Captions need MP4"),
        (["--preset", "builtin:bold-hook", "-o", "out.mp4", "--transcript", __file__], "holds no words"),
    ],
)
def test_what_cannot_be_captioned_is_told_in_a_sentence(
    tmp_path: Path, tiny: Path, arguments: list[str], sentence: str
) -> None:
    done = caption(tiny, *arguments)
    assert done.returncode == 1 and sentence in done.stderr and "Traceback" not in done.stderr


def test_what_is_written_needs_a_folder_and_never_takes_the_place_of_what_is_read(tmp_path: Path, tiny: Path) -> None:
    film, said, none = tmp_path / "film.mp4", tmp_path / "said.srt", tmp_path / "none"
    film.write_bytes(tiny.read_bytes())
    said.write_text(SRT)
    for out, ass, sentence in (
        (none / "out.mp4", None, "does not exist"),
        (None, none / "out.ass", "does not exist"),
        (tmp_path / "none" / ".." / "film.mp4", None, "does not exist"),
        (tmp_path / "." / "film.mp4", None, "another name"),
        (None, said, "another name"),
    ):
        with pytest.raises(InvalidRequest, match=sentence):
            cli_caption.check_targets([film, said], out, ass)
    done = caption(film, "--transcript", said, "--preset", "builtin:bold-hook", "-o", film)
    assert done.returncode == 1 and "another name" in done.stderr and film.read_bytes() == tiny.read_bytes()


def test_a_video_in_which_nobody_speaks_is_told_so(tmp_path: Path, tiny: Path) -> None:
    (tmp_path / "said.json").write_text("[]")
    ask = ["--transcript", tmp_path / "said.json", "--preset", "builtin:bold-hook", "-o", tmp_path / "out.mp4"]
    done = caption(tiny, *ask)
    assert done.returncode == 1 and "No speech" in done.stderr and not (tmp_path / "out.mp4").exists()


def test_sound_alone_takes_no_captions(tmp_path: Path, tiny_sound: Path) -> None:
    done = caption(tiny_sound, "--preset", "builtin:bold-hook", "-o", tmp_path / "out.mp4")
    assert done.returncode == 1 and "Captions need a picture" in done.stderr
