"""Sources of every shape, without their bytes, and one that can really be cut."""

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fastclip import store
from fastclip.accounts import Account
from fastclip.ai import models
from fastclip.media.probe import Facts
from fastclip.settings import Settings
from fastclip.uploads import Upload
from fastclip.worker import Worker
from tests.ai.conftest import TINY
from tests.conftest import Send

Ready = Callable[..., Upload]
DEMO = TINY / "demos" / "demo45.wav"
"""45 s of speech."""
SHORT = TINY / "demos" / "demo10.wav"
"""9.45 s of speech."""


def video(width_px: int = 1920, height_px: int = 1080, duration_s: float = 640.2, **other: Any) -> Facts:
    facts = {"format_detected": "mov,mp4", "media_kind": "video", "has_video": True, "has_audio": True, "start_s": 0.0}
    return Facts(**facts | {"width_px": width_px, "height_px": height_px, "duration_s": duration_s} | other)


def sound(duration_s: float = 640.2) -> Facts:
    return Facts(
        format_detected="mp3", media_kind="audio", has_video=False, has_audio=True, start_s=0.0, duration_s=duration_s
    )


@pytest.fixture(scope="session")
def proved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that hears the demos well and fast, tried once."""
    return models.add(tmp_path_factory.mktemp("proved"), TINY, name="tiny-espeak").path


@pytest.fixture
def tiny_whisper(data: Settings, proved: Path) -> None:
    shutil.copytree(proved, data.models_dir / "tiny-espeak")


@pytest.fixture
def ready() -> Ready:
    """A ready upload with these facts, of which only the row exists."""

    def make(account: Account, facts: Facts) -> Upload:
        with store.write():
            return Upload.create(
                id=store.new_id("upl_", chars=12, alphabet=store.HEX),
                account_id=account.id,
                filename="source.mp4",
                content_type="video/mp4",
                file_size=1,
                status="ready",
                facts=json.dumps(facts.to_json()),
                expires_at=store.now() + timedelta(hours=24),
            )

    return make


@pytest.fixture
def source(owner: Account, send: Send, tiny: Path, data: Settings) -> Upload:
    """Three seconds that can be cut, of the owner. Checked, but not prepared for a player, which no clip needs."""
    waiting: list[str] = []
    store.queue.serve(waiting.append, {})
    upload = send(owner, tiny)
    Worker(data).perform(waiting.pop())
    store.queue.serve(Worker(data).perform, {})
    upload = Upload.get_by_id(upload.id)
    assert upload.status == "ready", upload.error
    return upload
