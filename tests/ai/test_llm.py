"""The real path: llama.cpp in its child, on models with random weights. Whatever they say, no answer depends on it."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from fastclip.ai import chooser, gguf, llm, models, prompts
from fastclip.ai.chooser import Stopped
from fastclip.ai.models import Model
from fastclip.errors import Canceled, NotFound, Unprocessable
from tests.ai import ggufs
from tests.ai.test_prompts import Said, talk


def quiet(fraction: float, stage: str) -> None: ...


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ggufs.write(tmp_path_factory.mktemp("gguf") / "tiny.gguf")


@pytest.fixture(scope="module")
def loaded(tiny: Path) -> chooser.Model:
    return chooser.Model(tiny, context=4096)


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """So much to attend to that reading a long prompt takes it minutes."""
    return ggufs.write(tmp_path_factory.mktemp("gguf") / "slow.gguf", width=256, layers=40, context=16384)


def long_talk() -> list[Said]:
    """So many words that the slow model has not read them after ten seconds."""
    return [replace(one, text=one.text * 2) for one in talk(60, 12.0)]


def as_model(path: Path, **facts: object) -> Model:
    """A chat model that passed its questions, whose file is this one."""
    folder = path.parent / f"{path.stem}-model"
    folder.mkdir(exist_ok=True)
    if path.exists() and not (folder / "model.gguf").exists():
        os.link(path, folder / "model.gguf")
    told = {"licence": "CC0-1.0", "source": str(path), "sha256": "", "is_multilingual": True, "kind": models.CHAT}
    return Model(path.stem, folder, 1, **(told | {"right": 3, "context": 4096} | facts))  # type: ignore[arg-type]


def asked(model: Model, work: Path, spoken: list[Said] | None = None, **options: object) -> llm.Opinion:
    spoken = spoken or talk(60)
    passages = [(0, 8), (20, 30), (40, 52)]
    wanted = {"most": 3, "lo_s": 12.0, "hi_s": 90.0, "deadline_s": 60.0, "tell": quiet}
    return llm.rank(model, spoken, passages, "sentence number seven", work, **(wanted | options))  # type: ignore[arg-type]


def children() -> list[psutil.Process]:
    return [one for one in psutil.Process().children(recursive=True) if {"choose", "prove"} & set(one.cmdline())]


# -- The grammar -------------------------------------------------------------------------------------------


def test_whatever_two_hundred_seeds_of_random_weights_write_parses_and_stays_in_range(loaded):
    texts = [f"Line {at} of the talk." for at in range(1, 13)]
    chosen = 0
    for seed in range(200):
        written: list[float] = []
        answers = loaded.ask(texts, "anything", most=2, temperature=1.2, seed=seed, tell=written.append)
        assert answers is not None, f"seed {seed} did not parse"
        assert all(1 <= at <= 12 for one in answers for at in (one.first, one.last))
        assert all(0 <= one.score <= 100 and len(one.title) <= prompts.TITLE_CHARS for one in answers)
        assert len(answers) <= 2 and len(written) <= prompts.most_tokens(2) + 8
        chosen += len(answers)
    assert chosen > 50


def test_another_request_reads_only_what_is_new_and_answers_the_same(loaded):
    first = loaded.ask(prompts.STORY, "the rent", most=2, temperature=1.2, seed=5)
    loaded.ask(prompts.STORY, "the whale", most=2)
    read: list[float] = []
    again = loaded.ask(prompts.STORY, "the rent", most=2, temperature=1.2, seed=5, tell=read.append)
    assert again == first and read[0] > 0.3


# -- Its life ----------------------------------------------------------------------------------------------


def test_a_deadline_ends_it_while_it_reads_and_the_next_question_is_answered(slow):
    model = chooser.Model(slow, context=16384)
    texts = [f"This is the sentence {at} of a talk that goes on and on." for at in range(150)]
    read: list[float] = []

    def tell(fraction: float) -> None:
        read.append(fraction)
        model.until_s = time.monotonic() + 0.05

    with pytest.raises(Stopped):
        model.ask(texts, "anything", most=2, tell=tell)
    assert read and read[-1] < 0.5  # far from written
    model.until_s = float("inf")
    assert model.ask(prompts.STORY[:2], "the rent", most=1) is not None


def test_what_the_model_says_is_asked_for_and_its_stages_are_told(tiny, work):
    told: list[tuple[float, str]] = []
    opinion = asked(as_model(tiny), work, tell=lambda fraction, stage: told.append((fraction, stage)))
    assert opinion.choices or opinion.note  # random weights choose something or nothing
    assert all(0 <= one.first < one.last <= 60 and one.passage in (0, 1, 2) for one in opinion.choices)
    assert [fraction for fraction, _ in told] == sorted(fraction for fraction, _ in told)
    assert {stage for _, stage in told} <= {"Loading tiny", "tiny is reading"}


def test_reading_everything_covers_the_whole_talk_in_parts(tiny, work, monkeypatch):
    spoken = talk(50)
    heard: list[llm._Heard] = []
    judged = llm._judged
    monkeypatch.setattr(llm, "_judged", lambda one, *rest: heard.append(one) or judged(one, *rest))
    model, limits = as_model(tiny, context=1536), {"lo_s": 12, "hi_s": 90, "deadline_s": 120}
    opinion = llm.read(model, spoken, "sentence", work, tell=quiet, **limits)
    assert opinion.choices or opinion.note
    assert all(spoken[one.first].start_s == one.start_s for one in opinion.choices)
    (said,) = heard
    assert len(said.chunks) == len(said.replies) > 1
    assert said.stage("tiny").startswith("tiny is reading, part ")


def test_a_canceled_question_leaves_no_process_and_the_next_one_works(slow, tiny, work):
    seen: list[psutil.Process] = []

    def tell(fraction: float, stage: str) -> None:
        seen.extend(children())
        if stage.endswith("reading"):  # the prompt is before it, which would take it a minute
            raise Canceled("Enough.")

    with pytest.raises(Canceled):
        asked(as_model(slow, context=16384), work, long_talk(), tell=tell)
    assert seen and not any(one.is_running() for one in seen) and children() == []
    opinion = asked(as_model(tiny), work)
    assert opinion.choices or "was left out" in opinion.note


# -- Unusable in every way ---------------------------------------------------------------------------------


def test_a_model_that_fails_its_questions_is_not_even_started(tiny, work):
    opinion = asked(as_model(tiny, right=1), work)
    assert opinion.choices == () and "1 of 3 simple questions" in opinion.note and list(work.iterdir()) == []


def test_a_missing_file_is_no_answer(tmp_path, work):
    opinion = asked(as_model(tmp_path / "gone.gguf"), work)
    assert (opinion.choices, opinion.note) == ((), "The language model gave no answer: it failed.")


def test_half_a_file_is_no_answer(tiny, tmp_path, work):
    half = tmp_path / "half.gguf"
    half.write_bytes(tiny.read_bytes()[: tiny.stat().st_size // 2])
    assert asked(as_model(half), work) == llm.Opinion((), "The language model gave no answer: it failed.")


def ending_with(number: int) -> Callable[[float, str], None]:
    return lambda fraction, stage: [one.send_signal(number) for one in children()] and None


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (signal.SIGKILL, "its process was killed"),
        (signal.SIGILL, "llama.cpp is made for newer processors than this machine's"),
    ],
)
def test_a_killed_child_is_no_answer(number, why, slow, work):
    opinion = asked(as_model(slow, context=16384), work, long_talk(), tell=ending_with(number))
    assert opinion == llm.Opinion((), f"The language model gave no answer: {why}.")


def test_a_processor_that_is_too_old_is_told_when_a_model_is_tried(slow, tmp_path):
    with pytest.raises(Unprocessable, match="newer processors"):
        gguf.add(tmp_path / "models", slow, tell=ending_with(signal.SIGILL))
    assert models.installed(tmp_path / "models", models.CHAT) == []


@pytest.mark.parametrize("deadline_s", [0.0, 2.0])
def test_a_deadline_before_the_first_answer_is_no_answer(deadline_s, slow, work):
    opinion = asked(as_model(slow, context=16384), work, long_talk(), deadline_s=deadline_s)
    assert opinion == llm.Opinion((), "The language model gave no answer: its time was up.")
    assert children() == []


def test_without_llama_the_note_says_how_to_get_it(tiny, work, monkeypatch):
    monkeypatch.setattr(llm, "is_installed", lambda: False)
    opinion = asked(as_model(tiny), work)
    assert opinion.choices == () and "packaging/run models setup-llm" in opinion.note


# -- Adding a model ----------------------------------------------------------------------------------------


def test_a_file_says_what_it_is_before_it_is_added(tiny):
    facts = gguf.look(tiny)
    assert (facts.name, facts.architecture, facts.licence) == ("Tiny Random", "llama", "CC0-1.0")
    assert (facts.size_bytes, facts.context) == (tiny.stat().st_size, 4096)


def test_a_chat_model_is_copied_tried_and_kept_apart_from_speech(tiny, tmp_path):
    told: list[float] = []
    model = gguf.add(tmp_path / "models", tiny, name="mine", tell=lambda fraction, stage: told.append(fraction))
    assert (model.kind, model.licence, model.right is not None) == (models.CHAT, "CC0-1.0", True)
    assert (model.right or 0) < prompts.ENOUGH_RIGHT and "too few" in llm.obstacle(model)
    assert model.gguf.read_bytes() == tiny.read_bytes() and model.sha256 == models.sha256_of(tiny)
    assert (model.tokens_per_s or 0) > 0 and told == sorted(told)
    assert models.find(tmp_path / "models") is None
    assert models.installed(tmp_path / "models", models.CHAT) == [model]
    models.remove(tmp_path / "models", "mine")
    assert not (tmp_path / "models" / "mine").exists()


@pytest.mark.parametrize(
    "spoil", [lambda body: body[: len(body) // 2], lambda body: b"GGUF and no more", lambda b: b""]
)
def test_a_damaged_file_is_refused_and_leaves_nothing(spoil, tiny, tmp_path):
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(spoil(tiny.read_bytes()))
    with pytest.raises(Unprocessable, match="damaged"):
        gguf.add(tmp_path / "models", bad)
    assert models.installed(tmp_path / "models", models.CHAT) == []
    with pytest.raises(NotFound):
        gguf.look(tmp_path / "none.gguf")
