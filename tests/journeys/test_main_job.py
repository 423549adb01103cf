"""Upload a recording, cut an exact clip out of it, download it: the main job, over HTTP."""

from pathlib import Path
from urllib.parse import quote

import av
import httpx
import numpy as np
import pytest

from tests.conftest import BUNNY, make
from tests.journeys.conftest import Person, Running


def pictures(path: Path) -> tuple[list[float], np.ndarray]:
    """(times, small grey pictures) of every frame of a file."""
    times, frames = [], []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            times.append(float(frame.time))
            frames.append(frame.reformat(width=160, height=90, format="gray").to_ndarray().astype("int16"))
    return times, np.stack(frames)


def nearest(frame: np.ndarray, sources: np.ndarray) -> float:
    """How far the frame is from the nearest of the sources, in mean grey levels."""
    return float(np.abs(sources - frame).mean(axis=(1, 2)).min())


def holds_exactly(clip: Path, source: Path, start_s: float, end_s: float) -> int:
    """Checks that the clip holds the source's frames shown in [start, end), all of them and no other; how many."""
    source_times, originals = pictures(source)
    clip_times, frames = pictures(clip)
    wanted = [n for n, at in enumerate(source_times) if start_s - 1e-6 <= at < end_s - 1e-6]
    assert len(frames) == len(wanted)
    shifts = {round(source_times[n] - at, 3) for n, at in zip(wanted, clip_times, strict=True)}
    assert len(shifts) == 1, "the times between the frames are not the source's"
    for n, frame in zip(wanted, frames, strict=True):
        own = float(np.abs(originals[n] - frame).mean())
        around = originals[[m for m in (n - 2, n - 1, n + 1, n + 2) if 0 <= m < len(originals)]]
        assert own < 4 and own <= nearest(frame, around) + 0.05, f"frame {n} is not in its place"
    return len(wanted)


def fetch(url: str, **headers: str) -> httpx.Response:
    return httpx.get(url, headers=headers, timeout=30)


@pytest.fixture(scope="module")
def exact(studio: Running, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, Path]:
    """7.30 s to 19.85 s of Big Buck Bunny, cut by an account with a dollar: (the job, the downloaded clip)."""
    person = studio.person(cents=100)
    upload = person.send(BUNNY)
    assert upload["status"] == "ready", upload["error"]
    job = person.cut(upload["file_id"], 7.30, 19.85)
    target = tmp_path_factory.mktemp("clips") / "clip.mp4"
    target.write_bytes(fetch(job["download_url"]).raise_for_status().content)
    return job, target


def test_a_clip_holds_the_sources_frames_all_of_them_and_no_other(exact: tuple[dict, Path]) -> None:
    job, clip = exact
    assert (job["status"], job["error"] if "error" in job else None) == ("complete", None)
    assert holds_exactly(clip, BUNNY, 7.30, 19.85) == 301


def test_a_clip_is_as_long_as_its_frames_and_has_the_sources_sound(exact: tuple[dict, Path]) -> None:
    with av.open(str(exact[1])) as container:
        assert container.duration / 1e6 == pytest.approx(301 / 24, abs=0.06)
        sound = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
        rate = container.streams.audio[0].rate
    assert sound.shape[1] / rate == pytest.approx(301 / 24, abs=0.06)
    assert np.abs(sound).max() > 0.01


def test_a_finished_job_says_what_it_cost_and_where_the_clip_is(exact: tuple[dict, Path]) -> None:
    job, clip = exact
    assert (job["cost"], job["balance"], job["quality"], job["aspect_ratio"]) == (0.02, 0.98, "480p", "16:9")
    assert job["file_name"] == "big-buck-bunny-480p-30s_0-07-0-19.mp4"
    assert job["download_url"].startswith("http://127.0.0.1")


def test_a_download_has_its_name_its_type_and_any_part_of_it(exact: tuple[dict, Path]) -> None:
    job, clip = exact
    whole, content = fetch(job["download_url"]), clip.read_bytes()
    assert whole.headers["content-type"] == "video/mp4"
    assert 'attachment; filename="big-buck-bunny-480p-30s_0-07-0-19.mp4"' in whole.headers["content-disposition"]
    for asked, expected in (
        ("bytes=0-99", content[:100]),
        ("bytes=100-", content[100:]),
        ("bytes=-1", content[-1:]),
    ):
        part = fetch(job["download_url"], Range=asked)
        assert (part.status_code, part.content) == (206, expected)
    head = httpx.head(job["download_url"])
    assert head.headers["content-length"] == str(len(content)) and head.content == b""
    assert fetch(job["download_url"], Range=f"bytes={len(content)}-").status_code == 416


def test_a_title_in_any_script_names_the_download(person: Person, tiny: Path) -> None:
    upload = person.send(tiny)
    job = person.cut(upload["file_id"], 0, 1, source_title='Ärger im Büro: 日本語 / \\ "x"')
    said = fetch(job["download_url"]).headers["content-disposition"]
    assert "filename*=UTF-8''" in said and quote("日本語") in said
    assert not set('/\\"') & set(said.split("filename*=")[1])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("b-frames", ["-bf", "3", "-g", "50", "-r", "25"]),
        ("ntsc", ["-r", "30000/1001", "-bf", "2"]),
        ("vfr", ["-vf", "setpts='N/25/TB+0.02*mod(N,3)/TB'", "-fps_mode", "vfr"]),
    ],
)
def test_exactness_holds_for_other_time_lines(person: Person, tmp_path: Path, name: str, options: list[str]) -> None:
    source = tmp_path / f"{name}.mp4"
    make("-i", str(BUNNY), "-t", "8", "-an", *options, "-c:v", "libx264", "-preset", "veryfast", str(source))
    job = person.cut(person.send(source)["file_id"], 2.013, 4.987)
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(fetch(job["download_url"]).content)
    assert holds_exactly(clip, source, 2.013, 4.987) > 50


def test_a_rotated_source_gives_an_upright_clip(person: Person, tmp_path: Path, tiny: Path) -> None:
    source, clip = tmp_path / "rotated.mp4", tmp_path / "clip.mp4"
    make("-display_rotation", "90", "-i", str(tiny), "-c", "copy", str(source))
    upload = person.send(source)
    job = person.cut(upload["file_id"], 0.5, 1.5)
    clip.write_bytes(fetch(job["download_url"]).content)
    with av.open(str(clip)) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (72, 128)
        assert sum(1 for _ in container.decode(video=0)) == 25
    assert job["aspect_ratio"] == "9:16"


def test_a_one_shot_clip_comes_with_its_upload(studio: Running, tiny: Path) -> None:
    person = studio.person(cents=10)
    upload = person.send(tiny, clip={"start": 0.5, "end": 1.5, "source_title": "My Source"})
    assert upload["clip_requested"] is True and upload["status"] == "ready"
    job = person.ended(upload["clip_job_id"])
    assert (job["status"], job["cost"], job["file_name"]) == ("complete", 0.02, "My Source_0-00-0-01.mp4")
    assert fetch(job["download_url"]).status_code == 200
    assert person.balance() == (8, 0)


def test_fifty_segments_are_fifty_clips(studio: Running, tiny: Path) -> None:
    person = studio.person(cents=100)
    upload = person.send(tiny)
    spans = [{"start": n * 0.05, "end": n * 0.05 + 0.2} for n in range(50)]
    answer = person.post("/v1/clip", file_id=upload["file_id"], segments=spans).json()
    assert answer["status"] == "pending" and len(set(answer["job_ids"])) == 50
    assert person.balance() == (0, 100)
    ended = [person.ended(job_id) for job_id in answer["job_ids"]]
    assert {job["status"] for job in ended} == {"complete"}
    assert person.balance() == (0, 0)
    assert person.get("/v1/clips", limit=1)["total"] == 50


def test_a_clip_is_kept_renamed_pinned_and_deleted(person: Person, tiny: Path) -> None:
    job = person.cut(person.send(tiny)["file_id"], 0, 1)
    (clip,) = person.get("/v1/clips")["data"]
    path = f"/v1/clips/{clip['clip_id']}"
    assert clip["job_id"] == job["job_id"] and fetch(clip["thumbnail_url"]).content.startswith(b"\xff\xd8")
    assert person.http.patch(path, json={"title": "  The end "}).json()["title"] == "The end"
    assert person.get(path)["title"] == "The end"
    assert person.post(f"{path}/pin").json()["expires_at"] is None
    assert person.post(f"{path}/unpin").json()["pinned"] is False
    assert person.get("/v1/clips", q="END")["total"] == 1
    assert person.http.delete(path).json() == {"ok": True}
    assert person.http.delete(path).status_code == 404
    assert fetch(job["download_url"]).status_code == 404
    assert person.get(f"/v1/clip/{job['job_id']}")["download_url"] is None


def test_a_sound_is_cut_to_an_mp3(person: Person, tiny_sound: Path, tmp_path: Path) -> None:
    upload = person.send(tiny_sound, "audio/wav")
    assert (upload["media_kind"], upload["max_height"]) == ("audio", 0)
    job = person.cut(upload["file_id"], 0.5, 2.0)
    assert (job["format"], job["quality"], job["file_name"]) == ("mp3", "", "tiny_0-00-0-02.mp3")
    clip = tmp_path / "clip.mp3"
    clip.write_bytes(fetch(job["download_url"]).content)
    with av.open(str(clip)) as container:
        assert container.duration / 1e6 == pytest.approx(1.5, abs=0.06)
