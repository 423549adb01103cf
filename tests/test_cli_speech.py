"""`fastclip transcribe` and `fastclip models`: no server, no account."""

import json
from pathlib import Path

import pytest

from fastclip import cli
from fastclip.ai import llm
from tests.ai import ggufs
from tests.ai.conftest import TINY
from tests.ai.scoring import word_error_rate
from tests.conftest import make

DEMO = TINY / "demos" / "demo10.wav"
TRUTH = json.loads((TINY / "demos" / "demo10.json").read_text())


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Run a command on a data folder of its own: (exit code, standard output, standard error)."""

    def command(*args: object) -> tuple[int, str, str]:
        code = cli.fastclip.main(args=[*map(str, args), "--data-dir", str(tmp_path / "data")]) or 0
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


@pytest.fixture
def with_model(run):
    assert run("models", "add", TINY, "--name", "tiny-espeak")[0] == 0
    return run


def test_a_file_is_written_down_on_standard_output(with_model):
    code, out, err = with_model("transcribe", DEMO)
    assert code == 0 and word_error_rate(TRUTH["text"], out) == 0
    assert "tiny-espeak, CPU because" in err


@pytest.mark.parametrize(
    ("form", "begins"), [("srt", "1\n00:00:00,300 --> "), ("vtt", "WEBVTT\n"), ("txt", "Welcome"), ("json", "{")]
)
def test_a_file_is_written_down_in_the_form_of_its_name(with_model, tmp_path, form, begins):
    out = tmp_path / f"words.{form}"
    assert with_model("transcribe", DEMO, "-o", out)[0] == 0
    assert out.read_text().startswith(begins)
    if form == "json":
        said = json.loads(out.read_text())
        assert len([w for s in said["segments"] for w in s["words"]]) == len(TRUTH["words"])


def test_what_cannot_be_written_down_is_said_in_one_sentence(with_model, tmp_path):
    mute = tmp_path / "mute.mp4"
    make("-f", "lavfi", "-i", "testsrc2=s=64x64:d=1", str(mute))
    for args, said in (
        ((mute,), "no sound"),
        ((DEMO, "-o", tmp_path / "x.pdf"), "cannot be written"),
        ((DEMO, "--model", "large"), "no speech model"),
        ((DEMO, "--language", "de"), "English only"),
    ):
        code, out, err = with_model("transcribe", *args)
        assert code == 1 and out == "" and said in err and err.count("\n") == 1


def test_models_are_listed_added_and_removed(run):
    code, out, _ = run("models", "list")
    assert code == 0 and "installed" not in out and "can fetch  small" in out
    code, out, _ = run("models", "add", TINY, "--name", "mine")
    assert code == 0 and "sha256 46a3a2c7284b" in out
    assert "installed  mine" in run("models", "list")[1]
    assert run("models", "rm", "mine")[1] == "mine is gone.\n"
    assert run("models", "rm", "mine")[0] == 1


def test_a_chat_model_says_its_licence_and_size_before_it_is_copied_and_what_it_is_good_for(run, tmp_path):
    out = run("models", "list")[1]
    assert "can fetch  qwen3-4b" in out and "Apache-2.0  Qwen3-4B-Instruct-2507-Q4_K_M, for machines with 16 GB" in out
    code, out, _ = run("models", "add", ggufs.write(tmp_path / "Tiny_Random.gguf"))
    assert code == 0
    assert out.splitlines()[0] == "Tiny Random (llama): 1 MB, licence: CC0-1.0."
    assert "simple questions, too few to be used" in out
    assert "chat       tiny_random" in run("models", "list")[1]
    assert run("models", "rm", "tiny_random")[1] == "tiny_random is gone.\n"


def test_whether_language_models_can_run_is_said_and_how_they_can(run, monkeypatch):
    ask = ("models", "setup-llm")
    assert run(*ask)[1].startswith("llama.cpp is installed.")
    monkeypatch.setattr(llm, "is_installed", lambda: False)
    code, _, err = run(*ask)
    assert code == 1 and "packaging/run models setup-llm" in err and "few minutes" in err


def test_an_unknown_model_is_not_fetched(run):
    code, _, err = run("models", "pull", "gigantic")
    assert code == 1 and "take one of tiny, base, small" in err
