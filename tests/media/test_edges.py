"""An edge's frames look like their source, whatever they show."""

from pathlib import Path

import av
import numpy as np

from fastclip.media import cut, edges
from fastclip.media.encoder import LEAST_DB
from tests.media import exact, stamped

REAL = Path(__file__).parents[1] / "data" / "big-buck-bunny-480p-30s.mp4"
SLOW = ("-c:v", "libx264", "-preset", "fast", "-pix_fmt", "yuv420p")
GRAIN = "testsrc2=size=320x180:rate=30:duration=3,noise=alls=60:allf=t"
CHANGING = "color=gray:size=320x180:rate=30:duration=3,noise=alls=70:allf=t:enable=gte(n\\,12)"


def made(folder, picture: str, *options: str):
    given = ("-x264-params", "keyint=45:scenecut=0:bframes=2", *options)
    stamped.run("-f", "lavfi", "-i", picture, *SLOW, *given, str(folder / "source.mp4"))
    return exact.Recording(folder / "source.mp4")


def cut_all(source: exact.Recording, target, start_s: float, end_s: float) -> list[float]:
    """The PSNR of each frame that was encoded anew, the others being the source's own."""
    plan = cut.plan(source.path, source.facts, start_s=start_s, end_s=end_s, format="mp4", height_px=None)
    done = cut.render(source.path, target, plan)
    assert done.plan_kind == "smart", done.reason
    exact._check_clean(target)
    pairs = list(zip(exact.decoded(target), exact.expected(source, plan), strict=True))
    changed = [(one.luma.astype(float), other.luma) for one, other in pairs if one.digest != other.digest]
    assert 10 < len(changed) <= plan.recipe.encoded
    return [10 * np.log10(255**2 / np.mean((one - other) ** 2)) for one, other in changed if (one != other).any()]


def keys(path) -> list[int]:
    with av.open(str(path)) as container:
        return [place for place, packet in enumerate(container.demux(video=0)) if packet.size and packet.is_keyframe]


def test_grain_that_a_cap_would_starve_keeps_forty_decibels(tmp_path):
    """It was 34 dB while an edge could have 2.5 times the bits of what is copied, and no more."""
    assert min(cut_all(made(tmp_path, GRAIN, "-crf", "18"), tmp_path / "clip.mp4", 0.3, 2.9)) >= LEAST_DB


def test_an_edge_is_made_finer_where_it_becomes_harder(tmp_path):
    """The picture is flat to the twelfth frame; what follows is encoded by another encoder, from a keyframe on."""
    source = made(tmp_path, CHANGING, "-crf", "12")
    assert min(cut_all(source, tmp_path / "clip.mp4", 0.2, 2.9)) >= LEAST_DB
    head = [place for place in keys(tmp_path / "clip.mp4") if place < 39]
    assert len(head) > 2 and head[0] == 0 and 39 - edges._LAST_GOP in head
    assert all(later - sooner > 1 for sooner, later in zip(head, head[1:], strict=False)), (
        "no two IDR pictures in a row"
    )


def test_a_real_recording_keeps_forty_decibels_at_its_edges(tmp_path):
    assert min(cut_all(exact.Recording(REAL), tmp_path / "clip.mp4", 10.5, 19.5)) >= LEAST_DB
