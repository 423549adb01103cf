"""The small Whisper of `tests/data/whisper-tiny-espeak`, installed; its README says what it can do."""

from pathlib import Path

import pytest

from fastclip.ai import models
from fastclip.ai.models import Model

DATA = Path(__file__).parents[1] / "data"
TINY = DATA / "whisper-tiny-espeak"


@pytest.fixture(scope="session")
def models_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    models.add(folder, TINY, name="tiny-espeak")
    return folder


@pytest.fixture(scope="session")
def model(models_folder: Path) -> Model:
    found = models.find(models_folder)
    assert found is not None
    return found


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """An empty folder for what a transcription writes meanwhile."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder
