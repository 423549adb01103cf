"""`fastclip auto`, run as people run it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fastclip.ai import gguf, models
from fastclip.media import probe, subtitles
from tests.ai import ggufs
from tests.ai.talk import talk
from tests.conftest import make

LENGTH_S = 120


def auto(*arguments: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "fastclip", "auto", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, timeout=180)


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two minutes of a talk as a very small picture, and its words as a subtitle file."""
    folder = tmp_path_factory.mktemp("tape")
    picture, tone = f"testsrc2=s=64x36:r=5:d={LENGTH_S}", f"sine=d={LENGTH_S}:r=8000"
    tape = folder / "tape.mp4"
    make("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone, "-g", "25", "-preset", "ultrafast", str(tape))
    words = [word for word in talk().words if word.end_s < LENGTH_S]
    said = folder / "tape.srt"
    said.write_text(subtitles.write(subtitles.cues(words, end_s=LENGTH_S), "srt"))
    return tape, said


def test_each_moment_becomes_a_captioned_file(tape, tmp_path):
    query = "one 15-second clip about the whale in the harbour"
    out = tmp_path / "clips"
    said = ["--query", query, "--transcript", tape[1], "--preset", "builtin:bold-hook", "-o", out, "--json"]
    done = auto(tape[0], *said, "--data-dir", tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    (one,) = told["segments"]
    assert one["file"] == str(out / "tape-1.mp4") and told["engine"] == "embeddings" and told["considered"]
    facts = probe.read(out / "tape-1.mp4")
    assert facts.has_video and facts.duration_s == pytest.approx(one["end"] - one["start"], abs=0.25)
    assert [path.name for path in out.iterdir()] == ["tape-1.mp4"]


def test_without_a_folder_the_moments_are_listed_and_nothing_is_written(tape, tmp_path):
    done = auto(tape[0], "--query", "the whale", "--transcript", tape[1], "--data-dir", tmp_path)
    assert done.returncode == 0 and "whale" in done.stdout and " to 0:0" in done.stdout and "%" in done.stdout
    none = auto(tape[0], "--query", "the offside rule in ice hockey", "--transcript", tape[1], "--data-dir", tmp_path)
    assert none.returncode == 0 and none.stdout == "No matching moments\n"
    assert not list(tmp_path.glob("*.mp4"))


def test_a_language_model_of_the_data_folder_is_asked_and_whatever_it_says_the_moments_stand(tape, tmp_path):
    query = ["--query", "the whale", "--transcript", tape[1], "--json", "--data-dir", tmp_path]
    alone = json.loads(auto(tape[0], *query).stdout)
    gguf.add(tmp_path / "models", ggufs.write(tmp_path / "random.gguf"), name="random")
    card = tmp_path / "models" / "random" / models.CARD
    card.write_text(json.dumps(json.loads(card.read_text()) | {"right": 3}))  # as if it knew what it says
    both = json.loads(auto(tape[0], *query, "--read-everything").stdout)
    assert "language model" in both["note"] or "random read everything" in both["note"]
    if both["engine"] == alone["engine"]:
        assert both["segments"] == alone["segments"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--format", "mp3", "--preset", "builtin:bold-hook"], "mp3 takes neither --quality nor --preset"),
        (["--preset", "builtin:none"], "There is no preset builtin:none here"),
        (["--query", "x" * 501], "--query has 501 characters; 500 at most"),
    ],
)
def test_what_cannot_be_asked_is_told_in_a_sentence(tape, arguments, sentence):
    done = auto(tape[0], *arguments)
    assert done.returncode == 1 and sentence in done.stderr and "Traceback" not in done.stderr
