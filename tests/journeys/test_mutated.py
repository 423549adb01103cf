"""Damaged recordings, sent as a script sends them: a clear refusal, a good clip, or a failed job that costs nothing."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import av
import httpx
import pytest

from fastclip import rules, settings
from tests.billing.machine import check_books
from tests.conftest import everything_kept, make
from tests.journeys.conftest import Running, put, until

CENTS = 200
EVERYDAY, ALL = 2, 34
SOURCES = {
    "mp4": ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-c:a", "aac", "-movflags", "+faststart"),
    "mov": ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "12", "-c:a", "pcm_s16le"),
    "mkv": ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-c:a", "aac"),
    "webm": ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "25", "-c:a", "libopus"),
    "avi": ("-c:v", "mpeg4", "-g", "25", "-c:a", "libmp3lame"),
    "ts": ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-c:a", "aac", "-f", "mpegts"),
    "mp3": ("-vn", "-c:a", "libmp3lame"),
    "wav": ("-vn",),
    "flac": ("-vn",),
}
"""What each kind is made with. Transport streams are not taken by that name, nor under another's."""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Four seconds of a kind."""
    folder = tmp_path_factory.mktemp("recordings")

    def record(extension: str) -> Path:
        drawn = ("-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=4", "-f", "lavfi", "-i", "anoisesrc=d=4:a=0.3")
        target = folder / f"whole.{extension}"
        make(*drawn, "-pix_fmt", "yuv420p", *SOURCES[extension], str(target))
        return target

    return record


def flipped(data: bytearray, draw: random.Random) -> bytearray:
    """Some bits turned over: anywhere, or in the first or the last pages."""
    low, high = draw.choice([(0, len(data)), (64, 4096), (max(0, len(data) - 8192), len(data))])
    for _ in range(draw.choice([1, 8, 64])):
        data[min(draw.randrange(low, high), len(data) - 1)] ^= 1 << draw.randrange(8)
    return data


def truncated(data: bytearray, draw: random.Random) -> bytearray:
    return data[: draw.choice([1, 63, 64, draw.randrange(len(data)) + 1])]


def cut_out(data: bytearray, draw: random.Random) -> bytearray:
    start = draw.randrange(1, max(2, len(data)))
    del data[start : start + draw.choice([1, 100, len(data) // 3])]
    return data


def zeroed(data: bytearray, draw: random.Random) -> bytearray:
    start, length = draw.randrange(min(16, len(data) - 1), len(data)), draw.choice([4, 512, len(data) // 4])
    length = min(length, len(data) - start)
    data[start : start + length] = bytes(length)
    return data


def doubled(data: bytearray, draw: random.Random) -> bytearray:
    """The same file again behind it, whole, without its beginning, or with its first half alone in front."""
    return draw.choice([data + data, data + data[len(data) // 2 :], data[: len(data) // 2] + data])


def resized(data: bytearray, draw: random.Random) -> bytearray:
    """Another number where a part of the file says how long it is."""
    names = (b"moov", b"mdat", b"trak", b"stbl", b"stsz", b"stco", b"stts", b"ctts", b"stsc", b"avcC", b"mvhd", b"hdlr")
    chunks = (b"RIFF", b"LIST", b"hdrl", b"movi", b"idx1", b"fmt ", b"data", b"strf")
    found = [at - 4 for name in names if (at := data.find(name)) >= 4]
    found += [at + 4 for name in chunks if (at := data.find(name)) >= 0]
    at = draw.choice(found) if found else draw.randrange(min(400, len(data)))
    old = int.from_bytes(data[at : at + 4])
    new = draw.choice([0, 1, 7, 8, old + 1, old // 2, old * 2, 0x7FFFFFFF, 0xFFFFFFFF, draw.randrange(1 << 32)])
    data[at : at + 4] = (new & 0xFFFFFFFF).to_bytes(4)
    return data


Way = Callable[[bytearray, random.Random], bytearray]
WAYS: tuple[Way, ...] = (flipped, resized, truncated, zeroed, cut_out, doubled)


def mutated(source: Path, folder: Path, seed: int) -> Path:
    """The recording with one or two things done to it; a transport stream also by the name of something else."""
    extension = source.suffix[1:]
    draw, data = random.Random(f"{extension} {seed}"), bytearray(source.read_bytes())
    for way in [WAYS[seed % len(WAYS)], *draw.sample(WAYS, draw.choice([0, 0, 1]))]:
        data = way(data, draw)
    name = draw.choice(["ts", "mp4", "mkv"]) if extension == "ts" else extension
    target = folder / f"damaged-{seed}.{name}"
    target.write_bytes(data)
    return target


class Script:
    """Somebody's script: it sends a recording, asks for a clip, and polls to the end."""

    def __init__(self, server: Running) -> None:
        self.person, self.completed, self.said = server.person(cents=CENTS), 0, Counter[str]()
        self.person.http.event_hooks["response"].append(_is_no_500)

    def try_one(self, path: Path, folder: Path) -> str:
        """How it ended: refused, unread, no range, failed or complete."""
        how = self._try(path, folder)
        self.said[how] += 1
        path.unlink()
        return how

    def _try(self, path: Path, folder: Path) -> str:
        content_type = rules_type(path)
        asked = {"filename": path.name, "content_type": content_type, "file_size": path.stat().st_size}
        answer = self.person.post("/v1/upload/request", **asked)
        if answer.status_code != 200:
            return _refused(answer, "refused")
        sent = answer.json()
        put(sent["upload_url"], path.read_bytes(), content_type).raise_for_status()
        upload = self.person.checked(sent["file_id"])
        if upload["status"] == "failed":
            assert is_clear(upload["error"]), upload
            return "unread"
        answer = self.person.post("/v1/clip", file_id=sent["file_id"], start=0.7, end=2.9)
        if answer.status_code != 200:
            return _refused(answer, "no range")
        job = self.person.ended(answer.json()["job_id"])
        if job["status"] == "failed":
            assert (
                job["code"] in ("validation_failed", "unsupported_media") and is_clear(job["error"]) and not job["cost"]
            ), job
            return "failed"
        self.completed += 1
        self._check(job, folder / f"clip.{job['format']}")
        return "complete"

    def _check(self, job: dict, target: Path) -> None:
        """The clip reads from its first packet to its last, begins at 0, and is no longer than asked."""
        target.write_bytes(httpx.get(job["download_url"], timeout=30).raise_for_status().content)
        with av.open(str(target)) as container:
            kind = "video" if container.streams.video else "audio"
            packets = [packet for packet in container.demux(**{kind: 0}) if packet.size]
            assert packets and 0 < container.duration / 1e6 < 2.35, (job, container.duration)
        if job["plan"] == "encode":  # a copy holds the source's damage where that has some
            with av.open(str(target)) as container:
                assert sum(1 for _ in container.decode(**{kind: 0})) > 0, job


def rules_type(path: Path) -> str:
    return f"{'audio' if path.suffix[1:] in rules.AUDIO_EXTENSIONS else 'video'}/{path.suffix[1:]}"


def is_clear(message: str) -> bool:
    """A sentence for the one who sent it, not one of ours that went wrong."""
    return len(message) > 20 and message[0].isupper() and message.endswith(".") and "on our side" not in message


def _refused(answer: httpx.Response, how: str) -> str:
    error = answer.json()
    assert answer.status_code in (400, 422) and is_clear(error["error"]), (answer.status_code, error)
    return how


def _is_no_500(answer: httpx.Response) -> None:
    assert answer.status_code < 500, answer.request.url


@pytest.fixture(scope="module")
def tried(studio: Running, tiny: Path) -> Iterator[Running]:
    """A server that is tried; after all of it a good file still works, and nothing half-made lies about."""
    yield studio
    person = studio.person(cents=10)
    assert person.cut(person.send(tiny)["file_id"], 0, 1)["status"] == "complete" and person.balance() == (8, 0)
    with suppress(AssertionError):
        until(lambda: not left_of(studio))
    assert left_of(studio) == []
    assert "Traceback" not in studio.log()


def left_of(server: Running) -> list[str]:
    """What children of the worker do, and half-made files: a source is prepared for showing for a while yet."""
    at_work = [" ".join(one.cmdline()) for one in server.worker().children(recursive=True)]
    return at_work + [kept for kept in everything_kept(settings.load(server.folder)) if kept.startswith("temp/")]


def try_all(server: Running, source: Path, folder: Path, seeds: range) -> Script:
    """Every mutation, one after another; what was paid is what came out."""
    script = Script(server)
    for seed in seeds:
        script.try_one(mutated(source, folder, seed), folder)
    assert script.person.balance() == (CENTS - rules.TRIM_CENTS * script.completed, 0)
    with server.rows():
        check_books(script.person.account.id)
    return script


@pytest.mark.parametrize("extension", ["mp4", "mkv", "wav"])
def test_a_damaged_recording_is_refused_or_cut_and_never_an_error_of_ours(extension, tried, recording, tmp_path):
    try_all(tried, recording(extension), tmp_path, range(EVERYDAY))


@pytest.mark.slow
@pytest.mark.parametrize("extension", SOURCES)
def test_over_300_damaged_recordings_are_refused_or_cut_or_cost_nothing(extension, tried, recording, tmp_path):
    script = try_all(tried, recording(extension), tmp_path, range(ALL))
    print(f"{extension}: {dict(script.said)}")
    assert sum(script.said.values()) == ALL and len(script.said) > (extension != "ts")
