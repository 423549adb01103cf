"""A browser shows the frames that a clip should, wherever one seeks, also across the joins of a smart cut."""

import functools
import http.server
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fastclip.media import cut, probe
from tests.media import corpus, firefox, stamped

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FRAMES, FPS = 720, 30
SOURCES: dict[str, tuple[str, tuple[str, ...]]] = {
    "h264": ("mp4", (*corpus.X264, "-x264-params", "keyint=60:bframes=3:scenecut=0")),
    "vp9": ("webm", corpus.KINDS["vp9"].options),
    "av1": ("mp4", corpus.KINDS["av1"].options[:-4]),
}
Seek = Callable[[str, list[int]], list[int]]
"""The numbers that the file of this name shows at these frames, one after another."""
SEEKS = [64, 400, 64, 500, 10, 600, 0, 1, 27, 28, 29, 30, 26, 300, 2]
SHOWS = """
async frames => {
    const video = document.querySelector("video");
    const once = name => new Promise((done, fail) => {
        if (video.error) fail(video.error.message);
        video.addEventListener(name, done, {once: true});
        video.addEventListener("error", () => fail(video.error.message), {once: true});
    });
    if (video.readyState < 2) await once("loadeddata");
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    const context = canvas.getContext("2d", {willReadFrequently: true});
    const seen = [];
    for (const frame of frames) {
        const arrived = once("seeked");
        const painted = new Promise(done => video.requestVideoFrameCallback(done));
        video.currentTime = (frame + 0.5) / FPS;
        await arrived;
        // A busy machine paints after it says that it has sought.
        await Promise.race([painted, new Promise(done => setTimeout(done, 2000))]);
        context.drawImage(video, 0, 0);
        let number = 0;
        for (let bit = 0; bit < 16; bit++) {
            const pixel = context.getImageData((bit % 8) * 40 + 20, Math.floor(bit / 8) * 45 + 22, 1, 1).data;
            if (pixel[1] > 125) number |= 1 << bit;
        }
        seen.push(number);
    }
    return seen;
}
""".replace("FPS", str(FPS))


TYPES = {"h264": "avc1.64001E", "vp9": "vp09.00.41.08", "av1": "av01.0.04M.08"}
PLAYS = """
async name => document.createElement("video").canPlayType(`video/mp4; codecs="${TYPES[name.split("_")[0]]}"`)
""".replace("TYPES", str(TYPES))


class _Ranged(http.server.SimpleHTTPRequestHandler):
    """Files with ranges, which a player needs to seek."""

    def do_GET(self) -> None:
        path = Path(self.directory) / self.path.lstrip("/")
        data = path.read_bytes() if path.exists() else b""
        asked = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        start = int(asked[1]) if asked else 0
        end = int(asked[2]) + 1 if asked and asked[2] else len(data)
        self.send_response(206 if asked else 200)
        self.send_header("Content-Type", "text/html" if self.path.endswith(".html") else "video/mp4")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(end - start))
        self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(data)}")
        self.end_headers()
        self.wfile.write(data[start:end])

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Callable[[str], str]]:
    """The address of a page that shows a file of the folder."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Ranged, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def address(name: str) -> str:
        (folder / f"{name}.html").write_text(f'<video muted preload="auto" src="/{name}"></video>')
        return f"http://127.0.0.1:{server.server_port}/{name}.html"

    yield address
    server.shutdown()


@pytest.fixture(scope="module")
def in_chromium(served: Callable[[str], str]) -> Iterator[Seek]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page()

        def seek(name: str, frames: list[int]) -> list[int]:
            tab.goto(served(name))
            return tab.evaluate(SHOWS, frames)

        yield seek
        browser.close()


@pytest.fixture(scope="module")
def in_firefox(served: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seek]:
    with firefox.opened(tmp_path_factory.mktemp("firefox")) as browser:

        def seek(name: str, frames: list[int]) -> list[int]:
            browser.show(served(name))
            if not browser.evaluate(PLAYS, name):
                pytest.skip("this Firefox has no decoder for it: it finds H.264 in the system's libavcodec")
            return browser.evaluate(SHOWS, frames)

        yield seek


@pytest.fixture(scope="module")
def smart_clip(folder: Path) -> Callable[[str], tuple[str, list[int]]]:
    """A smart cut of a recording of this codec: its file's name, and the numbers of its frames."""

    @functools.cache
    def make(codec: str) -> tuple[str, list[int]]:
        extension, options = SOURCES[codec]
        source = folder / f"{codec}.{extension}"
        stamped.encode(source, *options, frames=FRAMES, sound=False)
        facts = probe.read(source)
        plan = cut.plan(source, facts, start_s=1.07, end_s=23.12, format="mp4", height_px=None, codecs=(codec,))
        assert plan.kind == "smart" and plan.window is not None
        made = cut.render(source, folder / f"{codec}_clip.mp4", plan)
        assert made.plan_kind == "smart", made.reason
        numbers = [number for _, number in stamped.shown(source)]  # SVT-AV1 itself mistakes one now and then
        return f"{codec}_clip.mp4", numbers[33 : 33 + plan.window.frames]

    return make


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
@pytest.mark.parametrize("codec", SOURCES)
def test_every_seek_across_the_joins_shows_the_right_frame_in_chromium(codec, smart_clip, in_chromium):
    name, numbers = smart_clip(codec)
    assert in_chromium(name, SEEKS) == [numbers[frame] for frame in SEEKS]


@pytest.mark.slow
@pytest.mark.skipif(firefox.PROGRAM is None, reason="there is no Firefox on this machine")
@pytest.mark.parametrize("codec", SOURCES)
def test_every_seek_across_the_joins_shows_the_right_frame_in_firefox(codec, smart_clip, in_firefox):
    name, numbers = smart_clip(codec)
    ends = [len(numbers) - 1, 0, len(numbers) - 2, len(numbers) - 4, 29]
    assert in_firefox(name, SEEKS + ends) == [numbers[frame] for frame in SEEKS + ends]
