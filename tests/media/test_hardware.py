"""A graphics encoder that works draws whole encodes; one that does not, or that breaks, is never noticed in a clip."""

import logging
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from fastclip import doctor, settings
from fastclip.media import cut, ffmpeg, hardware, probe
from fastclip.media.plans import Cut
from tests.media import stamped

NVENC = hardware.ENCODERS[0]
STAND_IN = """#!{python}
import os, sys
args = sys.argv[1:]
real = {real!r}
if "h264_nvenc" in args:
    open({log!r}, "a").write(" ".join(args) + "\\n")
    is_trial = "lavfi" in args
    {what}
    for name in ("-preset", "-rc", "-cq", "-b:v"):
        if name in args:
            place = args.index(name)
            del args[place : place + 2]
    args[args.index("h264_nvenc")] = "libx264"
os.execv(real, [real, *args])
"""
BEHAVIOURS = {
    "works": "pass",
    "is not there": "sys.exit('No capable devices found')",
    "breaks in every encode": "is_trial or sys.exit('Driver does not support this')",
    "loses a frame": "is_trial or args.__setitem__(slice(-1, -1), ['-frames:v', '20'])",
    "hangs": "__import__('time').sleep(60)",
}


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts an ffmpeg in the place of ours whose NVENC behaves so; returns the list of what NVENC was asked."""
    real = str(ffmpeg.tools().ffmpeg)

    def put(behaviour: str):
        program, log = tmp_path / "ffmpeg", tmp_path / "asked.txt"
        given = {"python": sys.executable, "real": real, "log": str(log), "what": BEHAVIOURS[behaviour]}
        program.write_text(STAND_IN.format(**given))
        program.chmod(0o755)
        monkeypatch.setenv("FASTCLIP_FFMPEG", str(program))
        ffmpeg.tools.cache_clear()
        monkeypatch.setattr(hardware, "ENCODERS", (replace(NVENC, devices=("/dev/null",)),))
        return lambda: log.read_text().splitlines() if log.exists() else []

    _forget(monkeypatch)
    yield put
    monkeypatch.undo()
    ffmpeg.tools.cache_clear()
    hardware.find.cache_clear()


def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    hardware.find.cache_clear()
    monkeypatch.setattr(hardware, "_found", None)
    hardware._looked.clear()


def encode(recording, target: Path, force: str | None = "encode") -> Cut:
    source = recording("plain")
    plan = cut.plan(source, probe.read(source), start_s=1.0, end_s=3.5, format="mp4", height_px=None, force=force)
    return cut.render(source, target, plan)


def look() -> None:
    hardware.use(True)
    assert hardware._looked.wait(60)


def test_an_encoder_that_passes_its_trial_draws_whole_encodes_and_no_edges(stand_in, recording, tmp_path):
    asked = stand_in("works")
    look()
    assert hardware.chosen().name == "h264_nvenc" and len(asked()) == 1
    assert encode(recording, tmp_path / "clip.mp4").plan_kind == "encode"
    assert [number for _, number in stamped.shown(tmp_path / "clip.mp4")] == list(range(30, 105))
    assert len(asked()) == 2 and "-cq 23" in asked()[1]
    assert encode(recording, tmp_path / "smart.mp4", force=None).plan_kind == "smart"
    assert len(asked()) == 2


@pytest.mark.parametrize("behaviour", ["breaks in every encode", "loses a frame"])
def test_an_encoder_that_breaks_later_is_replaced_without_a_word_to_the_user(
    behaviour, stand_in, recording, tmp_path, caplog
):
    asked = stand_in(behaviour)
    look()
    with caplog.at_level(logging.WARNING):
        made = encode(recording, tmp_path / "clip.mp4")
    assert (made.plan_kind, made.frames, len(asked())) == ("encode", 75, 2)
    assert [number for _, number in stamped.shown(tmp_path / "clip.mp4")] == list(range(30, 105))
    assert "encoding again with libx264" in caplog.text


def test_an_encoder_that_is_not_there_is_asked_once_a_process(stand_in, recording, tmp_path):
    asked = stand_in("is not there")
    for _ in range(3):
        look()
        assert hardware.chosen() is hardware.SOFTWARE
    encode(recording, tmp_path / "clip.mp4")
    assert len(asked()) == 1


def test_an_encoder_that_hangs_is_given_up_and_nobody_waits_for_it(stand_in, recording, tmp_path, monkeypatch):
    stand_in("hangs")
    monkeypatch.setattr(hardware, "_TRIAL_LIMITS", replace(hardware._TRIAL_LIMITS, wall_s=3.0))
    hardware.use(True)
    assert encode(recording, tmp_path / "clip.mp4").frames == 75
    for _ in range(200):
        if hardware._looked.is_set():
            break
        time.sleep(0.1)
    assert hardware._looked.is_set() and hardware.chosen() is hardware.SOFTWARE


def test_the_doctor_says_which_encoder_is_used_and_why(stand_in, tmp_path):
    stand_in("works")
    row = doctor.graphics(True)
    assert (row.state, row.cause) == ("ok", "NVIDIA NVENC (h264_nvenc) encodes whole clips; it was tried")
    stand_in("is not there")
    hardware.find.cache_clear()
    assert doctor.graphics(True).cause == "libx264 encodes (tried without success: NVIDIA NVENC)"
    assert doctor.graphics(False).cause == "switched off by `hardware_encoders`; libx264 encodes"


def test_an_owner_can_switch_hardware_off_and_it_is_not_even_tried(stand_in, tmp_path):
    from fastclip import store
    from fastclip.worker import Worker

    asked = stand_in("works")
    off = settings.load(tmp_path / "data", queue="memory://", hardware_encoders=False)
    store.open(off)
    worker = Worker(off)
    worker.start()
    worker.stop()
    store.close()
    assert asked() == [] and hardware.chosen() is hardware.SOFTWARE


@pytest.mark.parametrize("encoder", hardware.ENCODERS, ids=lambda one: one.name)
def test_each_encoder_gets_its_own_arguments_and_no_x264_ones(encoder, recording):
    from fastclip.media import encode, window

    source = recording("plain")
    facts = probe.read(source)
    kept = window.find(source, facts, start_s=1, end_s=2)
    line = encode.arguments(source, Path("out.mp4"), facts, kept, (320, 180), encoder=encoder)
    assert line[line.index("-c:v") + 1] == encoder.name and "-crf" not in line
    assert ("hwupload" in " ".join(line)) is encoder.needs_upload
    assert tuple(line[: len(encoder.before)]) == encoder.before
