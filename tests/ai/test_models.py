"""Models: added from folders and archives, fetched with resume and checksum, proved before they are kept."""

import hashlib
import json
import shutil
import tarfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastclip.ai import gguf, hub, llm, models
from fastclip.errors import Canceled, FastClipError, InvalidRequest, NotFound, Unavailable, Unprocessable
from tests.ai import ggufs
from tests.ai.conftest import TINY
from tests.ai.hub import REVISION, Hub, serving

FILES = {"config.json", "model.bin", "preprocessor_config.json", "tokenizer.json", "vocabulary.json", "fastclip.json"}


def quiet(fraction: float, said: str) -> None: ...


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture(scope="module")
def remote() -> Iterator[Hub]:
    with serving(TINY) as running:
        yield running


@pytest.fixture(autouse=True)
def _quiet_hub(remote: Hub) -> None:
    remote.breaks_after, remote.spoiled = None, False
    remote.may_end.set()
    remote.may_answer.set()
    remote.asked.clear()


def packed(source: Path, target: Path) -> Path:
    names = [path for path in source.iterdir() if path.is_file()]
    if target.suffix == ".zip":
        with zipfile.ZipFile(target, "w") as pack:
            for path in names:
                pack.write(path, f"some/folder/{path.name}")
            pack.writestr("../../evil.txt", "out")
    else:
        with tarfile.open(target, "w:gz") as pack:
            for path in names:
                pack.add(path, f"some/folder/{path.name}")
    return target


@pytest.mark.parametrize("kind", ["folder", "model.zip", "model.tar.gz"])
def test_a_model_is_added_from_a_folder_or_an_archive(kind, folder, tmp_path):
    source = TINY if kind == "folder" else packed(TINY, tmp_path / kind)
    model = models.add(folder, source, name="mine")
    assert {path.name for path in model.path.iterdir()} == FILES
    assert model.sha256 == hashlib.sha256((TINY / "model.bin").read_bytes()).hexdigest()
    assert not model.is_multilingual and model.source == str(source)
    assert models.installed(folder) == [model] == [models.find(folder)]
    assert not (tmp_path / "evil.txt").exists() and not list((folder / ".begun").iterdir())


def test_a_name_is_taken_from_the_source(folder):
    assert models.add(folder, TINY).name == "whisper-tiny-espeak"


def test_what_is_no_model_is_refused_and_leaves_nothing(folder, tmp_path):
    lacking = tmp_path / "lacking"
    shutil.copytree(TINY, lacking)
    (lacking / "tokenizer.json").unlink()
    broken = tmp_path / "broken"
    shutil.copytree(TINY, broken)
    (broken / "model.bin").write_bytes(b"nothing that runs" * 1000)
    (tmp_path / "text.txt").write_text("hello")
    table: list[tuple[Path, str, type[FastClipError], str]] = [
        (lacking, "", Unprocessable, "tokenizer.json is missing"),
        (broken, "", Unprocessable, "damaged"),
        (tmp_path / "text.txt", "x", Unprocessable, "neither a folder"),
        (tmp_path / "nowhere", "", NotFound, "nothing at"),
        (TINY, "../up", InvalidRequest, "a-z"),
    ]
    for source, name, refusal, said in table:
        with pytest.raises(refusal, match=said):
            models.add(folder, source, name=name)
    assert models.installed(folder) == [] and models.find(folder) is None


def test_a_model_is_fetched_checked_and_named_with_its_revision(folder, remote):
    told: list[float] = []
    model = hub.pull(folder, "tiny", tell=lambda fraction, said: told.append(fraction), hub=remote.url)
    assert {path.name for path in model.path.iterdir()} == FILES
    assert model.source == f"{remote.url}/Systran/faster-whisper-tiny@{REVISION}" and model.licence == "MIT"
    assert told == sorted(told) and told[-1] < 1


def test_a_canceled_download_stops_and_the_next_one_goes_on_where_it_was(folder, remote):
    def stop(fraction: float, said: str) -> None:
        if fraction > 0.5:
            raise Canceled("Enough.")

    with pytest.raises(Canceled):
        hub.pull(folder, "tiny", tell=stop, hub=remote.url)
    assert models.installed(folder) == []
    part = folder / ".begun" / "tiny" / "model.bin.part"
    have = part.stat().st_size
    assert 0 < have < (TINY / "model.bin").stat().st_size
    remote.asked.clear()
    hub.pull(folder, "tiny", tell=quiet, hub=remote.url)
    assert ("model.bin", f"bytes={have}-") in remote.asked
    assert [name for name, _ in remote.asked if name == "config.json"] == []


@pytest.mark.parametrize("where", ["the list", "the model"])
def test_a_download_that_stands_still_is_stopped_soon(where, folder, remote):
    """Nothing comes, and 20 seconds of patience are not waited out."""
    (remote.may_answer if where == "the list" else remote.may_end).clear()
    looks: list[float] = []

    def stop(fraction: float, said: str) -> None:
        looks.append(fraction)
        if looks[-3:] == [fraction] * 3:
            raise Canceled("Enough.")

    began = time.monotonic()
    with pytest.raises(Canceled):
        hub.pull(folder, "tiny", tell=stop, hub=remote.url)
    assert time.monotonic() - began < hub._PATIENCE_S / 2
    assert (looks[-1] > 0) == (where == "the model")


def test_offline_means_that_nothing_is_asked(folder, remote, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(Unavailable, match="HF_HUB_OFFLINE is set"):
        hub.pull(folder, "tiny", tell=quiet, hub=remote.url)
    assert remote.asked == [] and not folder.exists()


def test_a_line_that_breaks_is_said_and_what_came_is_kept(folder, remote):
    remote.breaks_after = 1_500_000
    with pytest.raises(Unavailable, match="cannot be reached") as refusal:
        hub.pull(folder, "tiny", tell=quiet, hub=remote.url)
    assert refusal.value.code == "provider_unavailable"
    assert (folder / ".begun" / "tiny" / "model.bin.part").stat().st_size >= 1_000_000
    assert hub.pull(folder, "tiny", tell=quiet, hub=remote.url).name == "tiny"


def test_bytes_that_are_not_what_the_hub_describes_are_thrown_away(folder, remote):
    remote.spoiled = True
    with pytest.raises(Unprocessable, match="did not arrive"):
        hub.pull(folder, "tiny", tell=quiet, hub=remote.url)
    assert not (folder / ".begun" / "tiny" / "model.bin.part").exists()


def test_a_chat_model_is_fetched_gone_on_with_and_tried(folder, tmp_path):
    (offered := tmp_path / "hub").mkdir()
    file = ggufs.write(offered / "Qwen3-8B-Q4_K_M.gguf")
    (offered / "Qwen3-8B-Q8_0.gguf").write_bytes(b"another size of the same model")
    with serving(offered) as remote:
        remote.breaks_after = 300_000
        with pytest.raises(Unavailable, match="What was fetched is kept"):
            gguf.pull(folder, "qwen3-8b", tell=quiet, hub=remote.url)
        have = models.fetched_bytes(folder, "qwen3-8b")
        told: list[float] = []
        model = gguf.pull(folder, "qwen3-8b", tell=lambda fraction, said: told.append(fraction), hub=remote.url)
        assert remote.asked == [(file.name, None), (file.name, f"bytes={have}-")]
    assert told == sorted(told) and 0 < have <= 300_000
    assert model.gguf.read_bytes() == file.read_bytes() and model.sha256 == models.sha256_of(file)
    assert (model.kind, model.licence, model.right is not None) == (models.CHAT, "CC0-1.0", True)
    assert model.source == f"{remote.url}/Qwen/Qwen3-8B-GGUF@{REVISION}"
    assert models.installed(folder, models.CHAT) == [model] and models.installed(folder) == []


def test_without_llama_cpp_no_chat_model_is_fetched(folder, remote, monkeypatch):
    monkeypatch.setattr(llm, "is_installed", lambda: False)
    with pytest.raises(Unavailable, match="llama.cpp is not installed"):
        gguf.pull(folder, "qwen3-8b", tell=quiet, hub=remote.url)
    assert remote.asked == []


def test_a_hub_that_is_not_there_is_said(folder):
    with pytest.raises(Unavailable, match="127.0.0.1:9 cannot be reached"):
        hub.pull(folder, "tiny", tell=quiet, hub="http://127.0.0.1:9")


def test_the_best_model_is_used_unless_one_is_named(folder):
    for name in ("small", "my-own", "tiny"):
        models.add(folder, TINY, name=name)
    assert [model.name for model in models.installed(folder)] == ["my-own", "tiny", "small"]
    found, named = models.find(folder), models.find(folder, "tiny")
    assert found and found.name == "small" and named and named.name == "tiny"
    with pytest.raises(NotFound, match="there is: my-own, tiny, small"):
        models.find(folder, "large-v3")


def test_a_removed_model_is_gone_whole(folder):
    models.add(folder, TINY, name="mine")
    models.remove(folder, "mine")
    assert models.installed(folder) == [] and not (folder / "mine").exists()
    with pytest.raises(NotFound):
        models.remove(folder, "mine")


def test_every_offer_says_its_licence_its_size_and_its_origin():
    assert len({offer.name for offer in models.OFFERS}) == len(models.OFFERS) >= 5
    for offer in models.OFFERS:
        assert offer.licence == "MIT" and offer.about_mb > 50 and "/" in offer.repo


def test_a_card_holds_what_the_page_shows(folder):
    models.add(folder, TINY, name="mine")
    card = json.loads((folder / "mine" / "fastclip.json").read_text())
    assert set(card) == {"size_bytes", "licence", "source", "sha256", "is_multilingual"}
