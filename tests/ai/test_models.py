"""Models: added from folders and archives, fetched with resume and checksum, proved before they are kept."""

import hashlib
import json
import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastclip.ai import models
from fastclip.errors import Canceled, FastClipError, InvalidRequest, NotFound, Unavailable, Unprocessable
from tests.ai.conftest import TINY
from tests.ai.hub import REVISION, Hub, serving

FILES = {"config.json", "model.bin", "preprocessor_config.json", "tokenizer.json", "vocabulary.json", "fastclip.json"}


def quiet(fraction: float, said: str) -> None: ...


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with serving(TINY) as running:
        yield running


@pytest.fixture(autouse=True)
def _quiet_hub(hub: Hub) -> None:
    hub.breaks_after, hub.spoiled = None, False
    hub.asked.clear()


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


def test_a_model_is_fetched_checked_and_named_with_its_revision(folder, hub):
    told: list[float] = []
    model = models.pull(folder, "tiny", tell=lambda fraction, said: told.append(fraction), hub=hub.url)
    assert {path.name for path in model.path.iterdir()} == FILES
    assert model.source == f"{hub.url}/Systran/faster-whisper-tiny@{REVISION}" and model.licence == "MIT"
    assert told == sorted(told) and told[-1] < 1


def test_a_canceled_download_stops_and_the_next_one_goes_on_where_it_was(folder, hub):
    def stop(fraction: float, said: str) -> None:
        if fraction > 0.5:
            raise Canceled("Enough.")

    with pytest.raises(Canceled):
        models.pull(folder, "tiny", tell=stop, hub=hub.url)
    assert models.installed(folder) == []
    part = folder / ".begun" / "tiny" / "model.bin.part"
    have = part.stat().st_size
    assert 0 < have < (TINY / "model.bin").stat().st_size
    hub.asked.clear()
    models.pull(folder, "tiny", tell=quiet, hub=hub.url)
    assert ("model.bin", f"bytes={have}-") in hub.asked
    assert [name for name, _ in hub.asked if name == "config.json"] == []


def test_a_line_that_breaks_is_said_and_what_came_is_kept(folder, hub):
    hub.breaks_after = 1_500_000
    with pytest.raises(Unavailable, match="cannot be reached") as refusal:
        models.pull(folder, "tiny", tell=quiet, hub=hub.url)
    assert refusal.value.code == "provider_unavailable"
    assert (folder / ".begun" / "tiny" / "model.bin.part").stat().st_size >= 1_000_000
    assert models.pull(folder, "tiny", tell=quiet, hub=hub.url).name == "tiny"


def test_bytes_that_are_not_what_the_hub_describes_are_thrown_away(folder, hub):
    hub.spoiled = True
    with pytest.raises(Unprocessable, match="did not arrive"):
        models.pull(folder, "tiny", tell=quiet, hub=hub.url)
    assert not (folder / ".begun" / "tiny" / "model.bin.part").exists()


def test_a_hub_that_is_not_there_is_said(folder):
    with pytest.raises(Unavailable, match="127.0.0.1:9 cannot be reached"):
        models.pull(folder, "tiny", tell=quiet, hub="http://127.0.0.1:9")


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
