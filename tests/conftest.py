"""What every noun is tried on: a data folder of its own, open, with people in it and media to cut."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import imageio_ffmpeg
import pytest

from fastclip import accounts, intake, jobs, library, rules, settings, store, uploads
from fastclip.accounts import Account
from fastclip.jobs import Made
from fastclip.library import Clip
from fastclip.settings import Settings
from fastclip.uploads import Upload
from fastclip.worker import Worker
from tests.screens import screen

BUNNY = Path(__file__).parent / "data" / "big-buck-bunny-480p-30s.mp4"
PASSWORD = "correct horse battery"

Send = Callable[..., Upload]


@pytest.fixture(autouse=True, scope="session")
def _no_settings_of_this_machine() -> Iterator[None]:
    """The suite is about this checkout; no secret of it lands in the keyring of whoever runs it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("FASTCLIP_")]:
            patch.delenv(name)
        patch.setenv("FASTCLIP_SECRETS", "file")
        yield


@pytest.fixture(scope="session")
def _fresh_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose tables were just made: a copy of it is ready twenty times sooner."""
    folder = tmp_path_factory.mktemp("fresh") / "data"
    store.open(settings.load(folder, queue="memory://"))
    store.close()
    return folder


@pytest.fixture
def data(tmp_path: Path, _fresh_folder: Path, request: pytest.FixtureRequest) -> Iterator[Settings]:
    """An open data folder. A pushed job runs at once, in the caller.

    Parameter (indirect): "sqlite" for the real queue, with nobody serving it.
    """
    queue = "" if getattr(request, "param", "memory") == "sqlite" else "memory://"
    shutil.copytree(_fresh_folder, tmp_path / "data")
    loaded = settings.load(tmp_path / "data", queue=queue)
    store.open(loaded)
    if queue:
        store.queue.serve(Worker(loaded).perform, {})
    yield loaded
    store.close()


@pytest.fixture
def rung(data: Settings) -> list[str]:
    """Makes pushed jobs wait: their ids are collected here instead."""
    ids: list[str] = []
    store.queue.serve(ids.append, {})
    return ids


@pytest.fixture
def owner(data: Settings) -> Account:
    """The owner, whom the house covers."""
    return accounts.add("owner@example.org", PASSWORD, role="owner")


@pytest.fixture
def member(data: Settings) -> Account:
    """A member who pays from a balance, which is empty."""
    return accounts.add("member@example.org", PASSWORD, role="member", is_covered=False)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of 128x72 picture at 25 fps with a tone, 20 KB."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.mp4"
    make("-f", "lavfi", "-i", "testsrc2=s=128x72:r=25:d=3", "-f", "lavfi", "-i", "sine=d=3", str(path))
    return path


@pytest.fixture(scope="session")
def tiny_sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of a tone."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.wav"
    make("-f", "lavfi", "-i", "sine=d=3", str(path))
    return path


@pytest.fixture(scope="session")
def bunny() -> Path:
    """Thirty seconds of Big Buck Bunny, 854x480 at 30 fps."""
    return BUNNY


@pytest.fixture
def send(data: Settings) -> Send:
    """Upload a file as a client would, in one piece; with a memory queue it is checked when this returns."""
    return send_file


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """What DISPLAY must be for a window to be seen by nobody."""
    with screen() as name:
        yield name


def send_file(account: Account, path: Path, **options: object) -> Upload:
    upload, _ = intake.request(account, path.name, f"video/{path.suffix[1:]}", path.stat().st_size, **options)
    arrival = store.blobs.arrive(upload.key, size_bytes=upload.file_size)
    arrival.write(path.read_bytes())
    arrival.keep()
    uploads.received(upload.key)
    return uploads.get(account.id, upload.id)


def keep_clip(account: Account, title: str = "Opening", format: str = "mp4", **other: object) -> Clip:
    """A clip in the library, whose bytes are `film` and no film."""
    path, poster = store.temp_dir / f"clip.{format}", store.temp_dir / "clip.jpg"
    path.write_bytes(b"film")
    poster.write_bytes(b"poster")
    facts = {"quality": "480p", "aspect_ratio": "16:9", "duration_s": 1.2345, "start_s": 1.0, "end_s": 2.0} | other
    made = Made(
        path=path,
        poster=poster,
        title=title,
        file_name=f"{title}.{format}",
        format=format,
        media_kind="audio" if format in rules.AUDIO_FORMATS else "video",
        **facts,
    )
    clip = library.keep(jobs.add(account.id, "trim", {}, lane="ffmpeg", file_id="upl_1"), made)
    library.add(clip)
    return clip


def make(*arguments: str) -> None:
    """Run the ffmpeg that FastClip brings along."""
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *arguments], check=True)


def everything_kept(settings: Settings) -> list[str]:
    """Every file of bytes and every half-made one, as paths in the data folder."""
    folders = (settings.data_dir / "blobs", settings.temp_dir)
    return sorted(str(p.relative_to(settings.data_dir)) for folder in folders for p in folder.rglob("*") if p.is_file())
