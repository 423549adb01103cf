"""A proxy shows every frame of its source at the source's own time."""

import pytest

from fastclip.media import probe, proxy
from tests.media import stamped


@pytest.mark.parametrize("name", ["hevc", "vfr", "late_picture", "flv"])
def test_a_proxy_shows_every_frame_at_its_time(name, recording, tmp_path):
    source, target = recording(name), tmp_path / "proxy.webm"
    proxy.render(source, target, probe.read(source))
    facts = probe.read(target)
    assert (facts.video_codec, facts.audio_codec) == ("vp9", "opus")
    wanted, shown = stamped.shown(source), stamped.shown(target)
    assert [number for _, number in shown] == [number for _, number in wanted]
    assert max(abs(a - b) for (a, _), (b, _) in zip(shown, wanted, strict=True)) < 0.0015
    match = stamped.lay(stamped.sound(target)[stamped.RATE :], stamped.sound(source), stamped.RATE)
    assert abs(match.lag) <= 64


def test_a_proxy_of_sound_alone_is_sound_alone(recording, tmp_path):
    target = tmp_path / "proxy.webm"
    proxy.render(recording("sound.wma"), target, probe.read(recording("sound.wma")))
    facts = probe.read(target)
    assert (facts.has_video, facts.audio_codec) == (False, "opus")
    assert facts.duration_s == pytest.approx(8, abs=0.1)


def test_a_large_portrait_source_becomes_540_px_wide(tmp_path):
    source = tmp_path / "tall.mp4"
    stamped.run(
        "-f", "lavfi", "-i", "testsrc2=s=1080x1920:d=0.3", "-c:v", "libx264", "-preset", "ultrafast", str(source)
    )
    proxy.render(source, tmp_path / "proxy.webm", probe.read(source))
    assert probe.read(tmp_path / "proxy.webm").upright_px == (540, 960)
