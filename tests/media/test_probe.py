"""Facts are those of the file, and a file that FastClip cannot cut is refused in a sentence."""

import json
import os
import struct
from fractions import Fraction
from pathlib import Path

import pytest

from fastclip.errors import Unprocessable
from fastclip.media import facts as facts_module
from fastclip.media import ffmpeg, graph, probe
from fastclip.media.facts import Facts
from tests.media import stamped


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("plain", {"fps": 30, "is_vfr": False, "rotation": 0, "frames": 240, "mime_codecs": "avc1.64000D, mp4a.40.2"}),
        ("ntsc_open_gop", {"fps": Fraction(30000, 1001), "is_vfr": False}),
        ("vfr", {"is_vfr": True}),
        ("standing", {"is_vfr": True}),
        ("mkv", {"is_vfr": False, "start_s": 0.0, "format_detected": "matroska,webm"}),
        ("late_mkv", {"start_s": 7.123, "is_vfr": False}),
        ("rotated", {"rotation": 90, "width_px": 320, "height_px": 180, "upright_px": (180, 320)}),
        ("square", {"sar": Fraction(4, 3), "upright_px": (427, 180)}),
        ("webm", {"video_codec": "vp9", "audio_codec": "opus", "mime_codecs": "vp09.00.41.08, opus"}),
        ("no_duration.webm", {"video_codec": "vp9", "has_audio": True}),
        ("hevc", {"video_codec": "hevc", "is_hdr": False}),
        ("av1", {"video_codec": "av1"}),
        ("hdr", {"is_hdr": True, "pix_fmt": "yuv420p10le"}),
        ("ten_bit", {"pix_fmt": "yuv420p10le", "is_hdr": False}),
        ("interlaced", {"is_interlaced": True, "fps": 30}),
        ("silent", {"has_audio": False, "audio_codec": None}),
        ("late_picture", {"first_frame_s": pytest.approx(0.5, abs=0.001)}),
        ("sound.mp3", {"media_kind": "audio", "sample_rate": 48000, "channels": 1, "mime_codecs": "mp3"}),
        ("sound.m4a", {"media_kind": "audio", "audio_codec": "aac", "mime_codecs": "mp4a.40.2"}),
        ("sound.wma", {"media_kind": "audio", "audio_codec": "wmav2", "mime_codecs": ""}),
        ("cover.mp3", {"media_kind": "audio", "has_video": False, "width_px": None}),
    ],
)
def test_the_facts_are_those_of_the_file(name, known, recording):
    facts = probe.read(recording(name))
    assert {field: getattr(facts, field) for field in known} == known
    assert Facts.from_json(json.loads(json.dumps(facts.to_json()))) == facts


def test_ffprobes_own_answer_gives_the_same_facts(monkeypatch, recording):
    """There is no ffprobe here: one that prints what ffprobe 7 prints for the file stands in for it."""
    printed = {
        "packets_and_frames": [
            {"type": "packet", "codec_type": "video", "stream_index": 0, "pts_time": "0.000000"},
            {"type": "frame", "media_type": "video", "interlaced_frame": 0,
             "side_data_list": [{"side_data_type": "Display Matrix", "rotation": -90}]},
            {"type": "packet", "codec_type": "audio", "stream_index": 1, "pts_time": "0.000000"},
            *[{"type": "packet", "codec_type": "video", "pts_time": f"{n / 30:.6f}"} for n in range(1, 20)],
        ],
        "streams": [
            {"index": 0, "codec_name": "h264", "profile": "High", "codec_type": "video", "width": 320, "height": 180,
             "sample_aspect_ratio": "1:1", "pix_fmt": "yuv420p", "level": 13, "field_order": "progressive",
             "r_frame_rate": "30/1", "avg_frame_rate": "30/1", "nb_frames": "240", "disposition": {"attached_pic": 0},
             "side_data_list": [{"side_data_type": "Display Matrix", "rotation": -90}]},
            {"index": 1, "codec_name": "aac", "profile": "LC", "codec_type": "audio", "sample_rate": "48000",
             "channels": 1, "r_frame_rate": "0/0", "avg_frame_rate": "0/0", "disposition": {"attached_pic": 0}},
        ],
        "format": {"format_name": "mov,mp4,m4a,3gp,3g2,mj2", "start_time": "0.000000", "duration": "8.000000"},
    }  # fmt: skip
    by_pyav = probe.read(recording("rotated"))
    found = ffmpeg.tools()
    monkeypatch.setattr(ffmpeg, "tools", lambda: ffmpeg.Tools(found.ffmpeg, Path("ffprobe"), found.version))
    monkeypatch.setattr(ffmpeg, "ffprobe", lambda args, limits: json.dumps(printed).encode())
    assert probe.read(recording("rotated")) == by_pyav


def _patched(path: Path, target: Path, old: bytes, new: bytes) -> Path:
    content = path.read_bytes()
    assert old in content
    target.write_bytes(content.replace(old, new))
    return target


def test_a_recording_over_three_hours_is_refused(tmp_path):
    path = tmp_path / "long.flac"
    stamped.run("-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", "10802", "-c:a", "flac", str(path))
    with pytest.raises(Unprocessable, match="3.0 hours long; FastClip takes up to 3 hours") as refusal:
        probe.read(path)
    assert refusal.value.code == "source_too_long"


def test_a_recording_of_exactly_three_hours_is_taken(tmp_path):
    path = tmp_path / "long.flac"
    stamped.run("-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", "10800", "-c:a", "flac", str(path))
    assert probe.read(path).duration_s == 10800


def test_an_mp4_that_lost_its_end_is_refused_as_incomplete(recording, tmp_path):
    whole = tmp_path / "whole.mp4"
    stamped.run("-i", str(recording("plain")), "-c", "copy", "-movflags", "+faststart", str(whole))
    for name, source, share in (("cut", whole, 0.6), ("no_index", recording("plain"), 0.9), ("stub", whole, 0.001)):
        path = tmp_path / f"{name}.mp4"
        path.write_bytes(source.read_bytes()[: int(source.stat().st_size * share)])
        with pytest.raises(Unprocessable, match="incomplete") as refusal:
            probe.read(path)
        assert refusal.value.code == "unsupported_media"


def test_a_fragment_out_of_a_stream_is_as_long_as_what_it_holds(recording, tmp_path):
    """FFmpeg takes the two seconds from the fourth on for six."""
    manifest = tmp_path / "stream.mpd"
    stamped.run(
        "-i", str(recording("plain")), "-map", "0:v", "-c", "copy", "-seg_duration", "2", "-f", "dash", str(manifest)
    )
    path = tmp_path / "fragment.mp4"
    path.write_bytes(
        b"".join((tmp_path / name).read_bytes() for name in ("init-stream0.m4s", "chunk-stream0-00003.m4s"))
    )
    facts = probe.read(path)
    assert (facts.start_s, facts.duration_s) == (pytest.approx(4, abs=0.1), pytest.approx(2, abs=0.1))


@pytest.mark.parametrize(("name", "extension"), [("plain", "mp4"), ("sound.m4a", "m4a")])
def test_what_is_encrypted_is_refused(name, extension, recording, tmp_path):
    path = tmp_path / f"locked.{extension}"
    key = ("-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "1" * 32, "-encryption_kid", "2" * 32)
    stamped.run("-i", str(recording(name)), "-map", "0:a", "-map", "0:v?", "-c", "copy", *key, str(path))
    with pytest.raises(Unprocessable, match="is encrypted") as refusal:
        probe.read(path)
    assert refusal.value.code == "unsupported_media"


def test_bombs_are_refused_within_their_limits(bomb, recording, tmp_path):
    many = tmp_path / "many.mkv"
    tracks = [word for _ in range(60) for word in ("-map", "0:a")]
    stamped.run("-f", "lavfi", "-i", "sine", "-t", "1", *tracks, "-c:a", "pcm_s16le", str(many))
    fast = tmp_path / "fast.mkv"
    stamped.run(
        "-f", "lavfi", "-i", "color=s=64x64:r=10000", "-t", "1", "-c:v", "libx264", "-preset", "ultrafast", str(fast)
    )
    tiny = tmp_path / "tiny.mkv"
    stamped.run("-f", "lavfi", "-i", "color=s=8x8", "-t", "1", "-c:v", "ffv1", str(tiny))
    for path, sentence in (
        (bomb, "16000 x 16000 px"),
        (many, "60 streams"),
        (fast, "frames a second"),
        (tiny, "8 x 8 px"),
    ):
        with pytest.raises(Unprocessable, match=sentence):
            probe.read(path)


def test_mutated_files_are_read_or_refused_and_never_anything_else(recording, tmp_path):
    """A sample of backend-spec 7.2 "Corruption"."""
    import random

    chance = random.Random(5)
    for name in ("plain", "mkv", "avi", "sound.mp3", "sound.ogg", "sound.wma"):
        content = bytearray(recording(name).read_bytes()[:200_000])
        for _ in range(4):
            mutated = bytearray(content)
            for _ in range(30):
                mutated[chance.randrange(16, len(mutated))] = chance.randrange(256)
            path = tmp_path / f"m{recording(name).suffix}"
            path.write_bytes(mutated)
            try:
                assert probe.read(path).duration_s > 0
            except Unprocessable as refusal:
                assert refusal.message.endswith(".")


@pytest.fixture
def sentinel(recording, tmp_path):
    """A recording that no hostile file may make us read; says whether it was."""
    path = tmp_path / "sentinel.mp4"
    path.write_bytes(recording("plain").read_bytes())

    def was_read() -> bool:
        return path.stat().st_atime_ns != before

    os.utime(path, ns=(0, path.stat().st_mtime_ns))
    before = path.stat().st_atime_ns
    yield path, was_read
    path.read_bytes()
    assert was_read(), "this file system keeps no access times: the test proves nothing"


def _gab2(recording, playlist: bytes) -> bytes:
    """An AVI whose second stream says to be subtitles, and holds a playlist as its subtitle file."""
    clip = ["-map", "0:v", "-map", "0:v", "-c", "copy", "-t", "1", "-f", "avi", "pipe:1"]
    avi = bytearray(stamped.run("-i", str(recording("avi")), *clip))
    second = avi.index(b"strh", avi.index(b"strh") + 4)
    avi[second + 8 : second + 12] = b"txts"
    payload = b"GAB2\0" + struct.pack("<HI", 2, 2) + b"\0\0" + struct.pack("<HI", 4, len(playlist)) + playlist
    at = avi.index(b"01dc", avi.index(b"movi"))
    avi[at : at + 4] = b"01tx"
    avi[at + 8 : at + 8 + len(payload)] = payload
    return bytes(avi)


@pytest.mark.parametrize("kind", ["hls", "concat", "ffconcat", "image2", "dash", "gab2", "sdp", "avisynth"])
@pytest.mark.parametrize("extension", ["mp4", "mkv", "avi", "mp3", "wma"])
def test_a_hostile_file_reads_no_other_file(kind, extension, sentinel, recording, tmp_path):
    other, was_read = sentinel
    hls = f"#EXTM3U\n#EXT-X-TARGETDURATION:8\n#EXTINF:8,\n{other.name}\n#EXT-X-ENDLIST\n".encode()
    content = {
        "hls": hls,
        "concat": f"file '{other}'\n".encode(),
        "ffconcat": f"ffconcat version 1.0\nfile {other.name}\n".encode(),
        "image2": b"",
        "dash": f'<?xml version="1.0"?><MPD><Period><BaseURL>{other}</BaseURL></Period></MPD>'.encode(),
        "gab2": _gab2(recording, hls),
        "sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
        "avisynth": f'DirectShowSource("{other}")\n'.encode(),
    }[kind]
    path = tmp_path / (f"img%03d.{extension}" if kind == "image2" else f"upload.{extension}")
    path.write_bytes(content)
    (tmp_path / f"img001.{extension}").write_bytes(recording("plain").read_bytes())
    if (kind, extension) != ("gab2", "avi"):
        with pytest.raises(Unprocessable):
            probe.read(path)
    if kind != "gab2":
        answer = json.loads(ffmpeg.child("probe", [str(path)], limits=ffmpeg.Limits(cpu_s=20, wall_s=20)))
        assert "refusal" in answer
    made = tmp_path / "made.wav"
    arguments = graph.argv(graph.source(path)["0"].output(str(made), f="framecrc"))
    if kind == "gab2":
        ffmpeg.run(arguments)
    else:
        with pytest.raises(ffmpeg.Failed):
            ffmpeg.run(arguments)
    assert not was_read()


def test_the_frame_rate_is_the_real_one_and_not_what_a_gap_in_the_file_made_of_it():
    rates = (
        ("24/1", "26789/1117", 24),
        ("60/1", "30/1", 30),
        ("0/0", "25/1", 25),
        ("25/1", "0/0", 25),
        ("90k", "17/1", 17),
    )
    for real, average, fps in rates:
        assert facts_module._fps({"r_frame_rate": real, "avg_frame_rate": average}, []) == fps


def test_rotation_is_the_nearest_quarter_turn_clockwise():
    turns = {0: 0, -90: 90, 90: 270, 180: 180, -180: 180, -89.6: 90, 270: 90}
    for printed, clockwise in turns.items():
        stream = {"side_data_list": [{"rotation": printed}]}
        assert facts_module._rotation(stream, {}) == clockwise


def test_a_matroska_that_lost_its_end_and_begins_with_sound_is_taken(tmp_path):
    """FFmpeg cannot go back to the beginning of such a file, once it has read of it."""
    whole, path = tmp_path / "whole.mkv", tmp_path / "cut.mkv"
    long = stamped.encode(tmp_path / "long.mkv", "-c:v", "libx264", "-preset", "ultrafast", "-g", "9999")
    stamped.run(
        *("-i", str(long), "-itsoffset", "0.5", "-i", str(long), "-map", "1:v", "-map", "0:a", "-c", "copy", str(whole))
    )
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    facts = probe.read(path)
    assert facts.has_video and facts.has_audio and facts.first_frame_s == pytest.approx(0.5, abs=0.001)


def test_a_webm_that_calls_its_ticks_frames_has_the_rate_of_its_frames(recording, tmp_path):
    """Old WebM files say that a frame lasts 1 ms, which is their tick."""
    said, wrong = (bytes.fromhex("23e38384") + nanoseconds.to_bytes(4) for nanoseconds in (33_333_333, 1_000_000))
    facts = probe.read(_patched(recording("webm"), tmp_path / "ticks.webm", said, wrong))
    assert float(facts.fps) == pytest.approx(30, abs=0.1)


def test_ambisonic_sound_is_refused_for_what_it_is(tmp_path):
    path = tmp_path / "round.mp4"
    every = "pan=ambisonic 1|c0=c0|c1=c0|c2=c0|c3=c0"
    stamped.run(
        "-f", "lavfi", "-i", "sine=d=1:r=48000", "-af", every, "-c:a", "libopus", "-mapping_family", "2", str(path)
    )
    with pytest.raises(Unprocessable, match="ambisonic") as refusal:
        probe.read(path)
    assert refusal.value.code == "unsupported_media"
