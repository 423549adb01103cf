"""Measures captions: `python -m tests.bench.captions [--page]`, the bars of captions.md 8, rows 9 and 10.

What drawing costs is the CPU of ffmpeg with captions less that without; an encode with captions stands against the
same encode without. Each round measures all of them once, and a figure is the median of the rounds. `--page` measures
Caption Studio in Chromium instead: from a press on a style to its picture, by libass and, without WebAssembly, by the
server. It says how busy the machine was.
"""

import argparse
import gzip
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

import fastclip
from fastclip import sessions
from fastclip.media import ass, burn, captions, ffmpeg, fonts, style
from fastclip.media.words import Word
from tests.bench.cut import bar, measured, run
from tests.bench.report import percentile, serving
from tests.journeys.browsing import QUIET, forbid_webassembly
from tests.media import drawn

SIZE, FRAMES, ROUNDS = (1920, 1080), 100, 3
FFMPEG = str(ffmpeg.tools().ffmpeg)
SLUGS = ("short-form-karaoke", "neon-glow", "podcast-clean")
GROUND = f"testsrc2=s={SIZE[0]}x{SIZE[1]}:r=30,format=yuv420p"
X264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "23"]
NULL = ["-f", "null", "-"]
PRESS = """name => new Promise(done => {
  const canvas = document.querySelector('canvas.captions');
  const from = performance.now();
  new MutationObserver((_, seen) => { seen.disconnect(); done(performance.now() - from); })
    .observe(canvas, { attributes: true, attributeFilter: ['data-revision'] });
  [...document.querySelectorAll('.card')].find(card => card.innerText.startsWith(name)).click();
})"""

PRESS_SERVER = """name => new Promise(done => {
  const image = document.querySelector('img[data-frame]');
  const from = performance.now();
  image.addEventListener('load', () => done(performance.now() - from), { once: true });
  [...document.querySelectorAll('.card')].find(card => card.innerText.startsWith(name)).click();
})"""


def drawing(folder: Path) -> None:
    """CPU of libass a frame, and of an encode with captions against one without."""
    print(f"\nDrawing, {FRAMES} frames of 1080p, median of {ROUNDS} rounds")
    for slug in SLUGS:
        burn.lay(folder / slug, ass.write(drawn.laid(slug, SIZE, spaced())))
    each: dict[str, list[float]] = {slug: [] for slug in SLUGS}
    extra: dict[str, list[float]] = {slug: [] for slug in SLUGS}
    for _ in range(ROUNDS):
        plain, encoded = cpu(folder, None, NULL), cpu(folder, None, [*X264, *NULL])
        for slug in SLUGS:
            each[slug].append((cpu(folder, slug, NULL) - plain) / FRAMES * 1000)
            extra[slug].append((cpu(folder, slug, [*X264, *NULL]) / encoded - 1) * 100)
    for slug in SLUGS:
        bar(f"{slug}: ms of CPU a frame", statistics.median(each[slug]), 5)
        bar(f"{slug}: percent over the same encode", statistics.median(extra[slug]), 15)


def spaced() -> list[Word]:
    """Words for all of the frames, without pauses."""
    return [Word(word, n * 0.3, n * 0.3 + 0.28) for n, word in enumerate((drawn.TEXT + " ").split() * 2)]


def cpu(folder: Path, laid: str | None, output: list[str]) -> float:
    chain = f"ass={laid}/captions.ass:fontsdir={laid}/fonts" if laid else "null"
    source = ["-f", "lavfi", "-i", GROUND, "-frames:v", str(FRAMES), "-vf", chain]
    command = ["env", "-C", str(folder), f"FONTCONFIG_FILE={folder}/{SLUGS[0]}/fonts.conf", FFMPEG, "-v", "error"]
    return measured(lambda: run([*command, *source, *output]), 1)[1]


def building() -> None:
    """Time from words to the script."""
    print("\nBuilding the script")
    look = style.builtin()["short-form-karaoke"][1]
    font = fonts.builtin(look.font_name)
    for said, count, limit_s in (("60 words", 60, 0.005), ("3 hours, 28,000 words", 28_000, 3.0)):
        words = [Word(f"word{n % 97}", n * 0.38, n * 0.38 + 0.3) for n in range(count)]
        bar(f"{said}: CPU s", least(lambda words=words: write(words, look, font)), limit_s)


def write(words: list[Word], look: style.Style, font: fonts.Font) -> None:
    ass.write(captions.lay_out(words, look, font, size_px=SIZE))


def least(work: Callable[[], object]) -> float:
    spent = []
    for _ in range(5):
        before = time.process_time()
        work()
        spent.append(time.process_time() - before)
    return min(spent)


def page() -> None:
    """From a press on a style to its painted picture, and how large what draws it is."""
    print("\nCaption Studio in Chromium, picture of 960x540")
    with serving() as studio, sync_playwright() as playwright:
        owner = studio.person("owner", role="owner")
        with studio.rows():
            token = sessions.begin(owner.account.id)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        for painted, script, is_forbidden, most in (
            ("canvas.captions[data-revision]", PRESS, False, 150),
            ("img[data-frame]", PRESS_SERVER, True, 2000),
        ):
            window = browser.new_context(viewport={"width": 1704, "height": 1020}, reduced_motion="reduce")
            window.add_cookies([{"name": "fc_session", "value": token, "url": studio.url}])
            opened = window.new_page()
            if is_forbidden:
                opened.route("**/captions", forbid_webassembly)
            opened.goto(f"{studio.url}/captions")
            opened.wait_for_selector(painted)
            opened.locator("[data-drawn]").nth(15).wait_for(timeout=120_000)
            pressed(opened, script, "the server's frame" if is_forbidden else "painted picture", most)
            window.close()
        browser.close()
    built = [file for file in (Path(fastclip.__file__).parent / "ui" / "assets").iterdir() if drawing_needs(file.name)]
    small = sum(len(gzip.compress(file.read_bytes(), 9)) for file in built)
    bar("WebAssembly and its script, gzipped MB", small / 1e6, 1.0)


def drawing_needs(name: str) -> bool:
    """What a browser with SIMD loads to draw; others load the plain build in place of the modern one."""
    return name.startswith(("painter.worker", "jassub-worker-modern"))


def pressed(opened: Page, script: str, what: str, most_ms: float) -> None:
    names = [name for name, _ in style.builtin().values()]
    spent = [opened.evaluate(script, name) for _ in range(3) for name in (*names[1:], names[0])]
    size = opened.evaluate("(c => `${c.width}x${c.height}`)(document.querySelector('.frame').getBoundingClientRect())")
    bar(f"style change to {what} ({size}), median ms", statistics.median(spent), most_ms)
    bar("  95th percentile, ms", percentile(spent, 95), most_ms)


def busy() -> str:
    """What else ran: the mean number of processes that wanted a core in the last minute, on how many there are."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", action="store_true")
    is_page = parser.parse_args().page
    print(f"before: {busy()}")
    if is_page:
        page()
    else:
        building()
        with tempfile.TemporaryDirectory(prefix="fastclip-bench-") as made:
            drawing(Path(made))
    print(f"after: {busy()}")


if __name__ == "__main__":
    main()
