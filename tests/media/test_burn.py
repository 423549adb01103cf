"""Captions in a clip: on the right frame, in the right colour, in one encode with the trim."""

import subprocess
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from fastclip.media import ass, burn, captions, cut, fonts, notation, probe, style
from fastclip.media.ass import Script
from fastclip.media.captions import Captions
from fastclip.media.plans import Cut
from fastclip.media.words import Word
from tests.conftest import make
from tests.media import drawn

WANTED = {"#fcea2a": (0, 213), "#fe2c5c": (213, 426), "#2563eb": (426, 640)}
TAGS = {
    "bt709": (640, 360, "bt709", True),
    "bt601": (640, 360, "smpte170m", True),
    "untagged HD": (1280, 720, "bt709", False),
    "untagged SD": (640, 360, "smpte170m", False),
}


def burned(
    folder: Path,
    source: Path,
    script: Script,
    *,
    start_s: float = 0.0,
    end_s: float = 2.0,
    height_px: int | None = None,
) -> tuple[Path, Cut]:
    """The clip with these captions, by the engine's own way."""
    target, laid = folder / "clip.mp4", folder / "captions"
    facts = probe.read(source)
    plan = cut.plan(source, facts, start_s=start_s, end_s=end_s, format="mp4", height_px=height_px, captions=laid)
    burn.lay(laid, script)
    return target, cut.render(source, target, plan)


def pictures(path: Path) -> list[tuple[float, np.ndarray]]:
    with av.open(str(path)) as container:
        return [(float(frame.time), frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]


def blocks() -> Script:
    """Three blocks of the wanted colours, over the whole height."""
    placed = drawn.laid("highlight-box", (640, 360), [Word("x", 0, 5)])
    head = ass.write(placed).text.split("Dialogue:")[0].replace("PlayResX: 1920", "PlayResX: 640")
    head = head.replace("PlayResY: 1080", "PlayResY: 360")
    lines = [
        f"Dialogue: 0,0:00:00.00,0:00:05.00,Box,,0,0,0,,{{\\an7\\pos({left},0)\\1c{notation.color(color)}\\p1}}"
        f"m 0 0 l {right - left} 0 l {right - left} 360 l 0 360"
        for color, (left, right) in WANTED.items()
    ]
    return Script(head + "\n".join(lines) + "\n", (fonts.builtin("Poppins Bold"),))


def tagged(folder: Path, width: int, height: int, space: str, is_tagged: bool) -> Path:
    path = folder / "source.mp4"
    says = ["-colorspace", space, "-color_primaries", space, "-color_trc", space] if is_tagged else []
    chain = f"scale=out_color_matrix={space}:out_range=tv,format=yuv420p"
    chain += ",setparams=colorspace=unknown" * (not is_tagged)
    look = ["-f", "lavfi", "-i", f"color=c=0x404040:s={width}x{height}:r=25:d=1", "-vf", chain]
    make(*look, "-c:v", "libx264", "-crf", "1", *says, str(path))
    return path


@pytest.mark.parametrize("how", TAGS)
def test_colours_come_out_as_they_were_chosen(tmp_path: Path, how: str) -> None:
    width, height, space, is_tagged = TAGS[how]
    source = tagged(tmp_path, width, height, space, is_tagged)
    assert probe.read(source).color_space == (space if is_tagged else None)
    target, made = burned(tmp_path, source, blocks(), end_s=1)
    assert (made.plan_kind, made.reason) == ("encode", "captions are drawn into every frame")
    assert probe.read(target).color_space == space
    assert worst_difference(target, space) <= 4


def test_a_script_without_the_matrix_line_gives_other_colours(tmp_path: Path) -> None:
    source = tagged(tmp_path, 640, 360, "bt709", True)
    script = Script(blocks().text.replace("YCbCr Matrix: None\n", ""), blocks().fonts)
    target, _ = burned(tmp_path, source, script, end_s=1)
    assert worst_difference(target, "bt709") > 10


def worst_difference(path: Path, space: str) -> int:
    """Of any channel of any block, decoded by the matrix that the clip is in."""
    width, height = probe.read(path).upright_px
    name = "bt709" if space == "bt709" else "bt601"
    chain = f"scale=in_color_matrix={name}:in_range=tv:out_range=pc:flags=accurate_rnd,format=rgb24"
    raw = subprocess.run(
        [cut.ffmpeg.tools().ffmpeg, "-v", "error", "-i", path, "-vf", chain, "-frames:v", "1", "-f", "rawvideo", "-"],
        capture_output=True,
        check=True,
    ).stdout
    frame = np.frombuffer(raw, "uint8").reshape(height, width, 3)
    found = {color: frame[height // 2, (a + b) // 2 * width // 640] for color, (a, b) in WANTED.items()}
    return max(
        abs(int(pixel[n]) - int(color[1 + 2 * n : 3 + 2 * n], 16)) for color, pixel in found.items() for n in range(3)
    )


# -- Times -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fps", ["24000/1001", "25", "30000/1001", "30", "60"])
def test_a_word_lights_up_on_the_frame_of_its_onset(tmp_path: Path, fps: str) -> None:
    source = tmp_path / "source.mp4"
    make("-f", "lavfi", "-i", f"color=c=0x303030:s=640x360:r={fps}:d=3", "-c:v", "libx264", "-crf", "1", str(source))
    placed = drawn.laid("short-form-karaoke", (640, 360), highlight_color="#ff0000", stroke_enabled=False)
    target, _ = burned(tmp_path, source, ass.write(placed), end_s=3)
    shown = pictures(target)
    late_s = []
    for page in placed.pages:
        for slot in page.slots:
            if slot.word.start / 100 < 2.8:
                late_s.append(_first_red(shown, slot, page) - slot.word.start / 100)
    assert len(late_s) >= 7
    assert min(late_s) > -0.01 and max(late_s) < float(1 / Fraction(fps)) + 0.0001


def _first_red(shown: list[tuple[float, np.ndarray]], slot: captions.Slot, page: captions.Page) -> float:
    scale = 360 / 1080
    rows = slice(round((slot.baseline - page.cap) * scale), round(slot.baseline * scale))
    columns = slice(round(slot.x * scale) + 2, round((slot.x + slot.width) * scale) - 2)
    for at, frame in (one for one in shown if one[0] > page.start / 100 - 0.01):
        area = frame[rows, columns].astype(int)
        if (area[..., 0] - area[..., 1]).max() > 120:
            return at
    raise AssertionError(f"{slot.word.text} was never lit")


@pytest.mark.parametrize("extension", ["mp4", "mkv"])
@pytest.mark.parametrize("fps", ["25", "30000/1001", "30"])
@pytest.mark.parametrize("start_s", [0.0, 3.37, 4.9])
def test_a_trim_and_its_captions_are_on_the_same_frame(
    tmp_path: Path, flashing: dict[str, Path], extension: str, fps: str, start_s: float
) -> None:
    source, flash = flashing[f"{fps}.{extension}"], Fraction(180) / Fraction(fps)
    look = style.checked({"font_name": "Anton", "font_size": 200, "position_y": 0.5, "stroke_enabled": False})
    facts = probe.read(source)
    plan = cut.plan(source, facts, start_s=start_s, end_s=8.5, format="mp4", height_px=None, captions=tmp_path / "c")
    words = [Word("HHH", float(flash) - plan.start_s, float(flash) - plan.start_s + 0.5)]
    placed = captions.lay_out(words, look, fonts.builtin("Anton"), size_px=(plan.width_px or 0, plan.height_px or 0))
    burn.lay(tmp_path / "c", ass.write(placed))
    cut.render(source, tmp_path / "clip.mp4", plan)
    shown = [frame for _, frame in pictures(tmp_path / "clip.mp4")]
    corner = [n for n, frame in enumerate(shown) if frame[4:12, 4:12].mean() > 128]
    letters = [n for n, frame in enumerate(shown) if frame[70:110, 110:210].max() > 200]
    assert corner and letters and corner[0] == letters[0], (corner[:2], letters[:2])


@pytest.fixture(scope="module")
def flashing(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Nine seconds of dark picture whose corner is white from frame 180 on."""
    folder, made = tmp_path_factory.mktemp("flashing"), {}
    for fps in ("25", "30000/1001", "30"):
        for extension in ("mp4", "mkv"):
            path = folder / f"{fps.replace('/', '-')}.{extension}"
            chain = "drawbox=x=0:y=0:w=16:h=16:c=white:t=fill:enable='gte(n,180)'"
            look = ["-f", "lavfi", "-i", f"color=c=0x202020:s=320x180:r={fps}:d=9", "-vf", chain]
            make(*look, "-c:v", "libx264", "-g", "50", str(path))
            made[f"{fps}.{extension}"] = path
    return made


def test_a_clip_is_scaled_before_its_captions_are_drawn(tmp_path: Path, bunny: Path) -> None:
    placed: Captions = drawn.laid("bold-hook", (640, 360))
    target, made = burned(tmp_path, bunny, ass.write(placed), end_s=1, height_px=360)
    assert (made.width_px, made.height_px, made.frames) == (640, 360, 24)
    assert probe.read(target).has_audio


def test_a_single_frame_shows_what_is_burned(tmp_path: Path, bunny: Path) -> None:
    placed = drawn.laid("podcast-clean", (640, 360))
    burn.lay(tmp_path / "c", ass.write(placed))
    burn.frame(tmp_path / "c", None, tmp_path / "frame.png", size=(640, 360), at_s=1.2)
    with av.open(str(tmp_path / "frame.png")) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="rgb24")
    shown = drawn.frames(tmp_path / "d", ass.write(placed), (640, 360), count=37, color="0x2b2f36")[36]
    assert picture.shape == (360, 640, 3)
    assert np.abs(picture.astype(int) - shown.astype(int)).mean() < 2
    assert (picture.astype(int).max(axis=2) > 200).sum() > 500
