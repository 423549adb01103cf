"""A recording whose frames change their size on the way, as a call's or a shared window's, is cut like any other."""

from pathlib import Path

import av
import pytest

from fastclip.media import cut, merge, probe
from tests.media import exact, stamped

VP8 = ("-c:v", "libvpx", "-deadline", "realtime", "-g", "30", "-pix_fmt", "yuv420p", "-c:a", "libopus")
CHANGE_S = 3


@pytest.fixture(scope="module")
def resized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """320x180 up to three seconds, from there on 160x90, in one track."""
    folder = tmp_path_factory.mktemp("resized")
    large = stamped.encode(folder / "large.webm", *VP8)
    small = stamped.encode(folder / "small.webm", "-vf", "scale=160:90", *VP8)
    target = folder / "resized.webm"
    with av.open(str(large)) as one, av.open(str(small)) as other, av.open(str(target), "w") as out:
        picture, sound = (out.add_stream_from_template(kind) for kind in (one.streams.video[0], one.streams.audio[0]))
        packets = []
        for packet in (packet for packet in one.demux() if packet.size):
            if packet.stream.type == "audio" or packet.pts * packet.time_base < CHANGE_S:
                packet.stream = sound if packet.stream.type == "audio" else picture
                packets.append(packet)
        for packet in other.demux(video=0):
            if packet.size and packet.pts * packet.time_base >= CHANGE_S:
                packet.stream = picture
                packets.append(packet)
        for packet in sorted(packets, key=lambda one: one.dts * one.time_base):
            out.mux(packet)
    return target


@pytest.mark.parametrize("turned", [0, 90])
def test_a_clip_across_the_change_holds_every_frame_and_its_sound(turned, resized, tmp_path):
    path, target = tmp_path / "source.mkv", tmp_path / "clip.mp4"
    stamped.run("-display_rotation", str(-turned), "-i", str(resized), "-map", "0", "-c", "copy", str(path))
    source = exact.Recording(path)
    plan = cut.plan(path, source.facts, start_s=1, end_s=5, format="mp4", height_px=None)
    made = cut.render(path, target, plan)
    exact.check(target, made, plan, source)
    assert (made.width_px, made.height_px) == ((180, 320) if turned else (320, 180))


def test_a_gif_across_the_change_is_as_long_as_asked(resized, tmp_path):
    plan = cut.plan(resized, probe.read(resized), start_s=2, end_s=4, format="gif", height_px=None)
    assert cut.render(resized, tmp_path / "clip.gif", plan).duration_s == pytest.approx(2, abs=0.05)


def test_ranges_on_both_sides_of_the_change_are_joined(resized, tmp_path):
    target = tmp_path / "clip.mp4"
    plan = merge.plan(resized, probe.read(resized), [(1, 2), (2.5, 4), (5, 6)], format="mp4", height_px=None)
    merge.render(resized, target, plan)
    assert [number for _, number in stamped.shown(target)] == [*range(30, 60), *range(75, 120), *range(150, 180)]
