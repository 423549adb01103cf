"""The reference's two cURL examples, run as they are written: only host, key, file and ids are replaced."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import BUNNY, make
from tests.journeys.conftest import Person

DATA = Path(__file__).parents[1] / "data"


class Example:
    """A code block of the reference, step by step, in a folder with `source.mp4`."""

    def __init__(self, name: str, folder: Path, person: Person) -> None:
        steps = re.split(r"^# \d\) .*\n", (DATA / name).read_text(), flags=re.MULTILINE)[1:]
        self._steps, self._folder = iter(steps), folder
        self._replaced = {"https://api.fastclip.dev": person.server.url, "sk_live_xxx": person.key}

    def step(self, **replaced: Any) -> Any:
        """Run the next step; its JSON, None when it printed nothing. replaced: what stands there -> what to send."""
        text = next(self._steps)
        for written, meant in (self._replaced | replaced).items():
            text = text.replace(written, str(meant))
        done = subprocess.run(["bash", "-ec", text], cwd=self._folder, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout else None


def polled(example: Example, person: Person, file_id: str) -> dict[str, Any]:
    person.checked(file_id)
    return example.step(upl_a1b2c3d4e5f6=file_id)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    return tmp_path


def test_the_minimal_example_makes_a_clip(folder: Path, person: Person) -> None:
    make("-stream_loop", "1", "-i", str(BUNNY), "-c", "copy", str(folder / "source.mp4"))
    example = Example("curl-simple.sh", folder, person)
    asked = example.step(**{"734003200": (folder / "source.mp4").stat().st_size})
    assert asked["expires_in"] == 3600 and asked["clip_requested"] is False
    assert example.step(**{"https://...presigned...": asked["upload_url"]}) is None
    assert polled(example, person, asked["file_id"])["status"] == "ready"
    queued = example.step(upl_a1b2c3d4e5f6=asked["file_id"])
    assert queued["status"] == "pending"
    person.ended(queued["job_id"])
    job = example.step(job_123=queued["job_id"])
    assert (job["status"], job["format"], job["file_name"]) == ("complete", "mp4", "source_0-12-0-42.mp4")


def test_the_multipart_outline_makes_a_ready_source(folder: Path, person: Person) -> None:
    make("-stream_loop", "9", "-i", str(BUNNY), "-c", "copy", str(folder / "source.mp4"))
    size, part = (folder / "source.mp4").stat().st_size, 33554432
    assert part < size < 2 * part
    example = Example("curl-multipart.sh", folder, person)
    begun = example.step(**{"2147483648": size, '"part_count":64': '"part_count":2'})
    assert [one["part_number"] for one in begun["parts"]] == [1, 2]
    example.step()
    content = (folder / "source.mp4").read_bytes()
    etags = [send_part(folder, begun["parts"][n]["url"], content[n * part :][:part]) for n in range(2)]
    replaced = {"etag-from-part-1": etags[0], "etag-from-part-2": etags[1], "multipart_upload_id": begun["upload_id"]}
    done = example.step(upl_a1b2c3d4e5f6=begun["file_id"], **replaced)
    assert done == {"ok": True, "file_id": begun["file_id"], "queued_validation": True}
    ready = polled(example, person, begun["file_id"])
    assert (ready["status"], ready["file_size"], ready["max_height"]) == ("ready", size, 480)


def send_part(folder: Path, url: str, content: bytes) -> str:
    """PUT a part with curl and take the ETag header down, as the outline's second step says; without its quotes."""
    (folder / "part").write_bytes(content)
    command = ["curl", "-sS", "-D", "-", "-o", "/dev/null", "-X", "PUT", "--data-binary", "@part", url]
    headers = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=True).stdout
    (etag,) = re.findall(r'^etag: "(.+)"\s*$', headers, re.MULTILINE | re.IGNORECASE)
    return etag
