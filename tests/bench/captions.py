"""Measures captions: `python -m tests.bench.captions [--page]`, the bars of captions.md 8, rows 9 and 10.

What drawing costs is the CPU of ffmpeg with captions less that without, in one run; an encode with captions stands
against the same encode without. `--page` measures Caption Studio in Chromium: from a press on a style to its picture.
"""

import argparse
import gzip
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

import fastclip
from fastclip import accounts
from fastclip.media import ass, burn, captions, ffmpeg, fonts, style
from fastclip.media.words import Word
from tests.bench.cut import bar, measured, run
from tests.bench.report import percentile, serving
from tests.journeys.browsing import QUIET
from tests.media import drawn

SIZE, FRAMES, RUNS = (1920, 1080), 200, 3
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


def drawing(folder: Path) -> None:
    """CPU of libass a frame, and of an encode with captions against one without."""
    print(f"\nDrawing, {FRAMES} frames of 1080p")
    plain, encoded = cpu(folder, None, NULL), cpu(folder, None, [*X264, *NULL])
    print(f"  no captions: {plain:.2f} s; encoded {encoded:.2f} s")
    for slug in SLUGS:
        burn.lay(folder / "c", ass.write(drawn.laid(slug, SIZE, spaced())))
        each = (cpu(folder, "c", NULL) - plain) / FRAMES * 1000
        extra = (cpu(folder, "c", [*X264, *NULL]) / encoded - 1) * 100
        bar(f"{slug}: ms of CPU a frame", each, 5)
        bar(f"{slug}: percent over the same encode", extra, 15)


def spaced() -> list[Word]:
    """Words for all of the frames, without pauses."""
    return [Word(word, n * 0.3, n * 0.3 + 0.28) for n, word in enumerate((drawn.TEXT + " ").split() * 2)]


def cpu(folder: Path, laid: str | None, output: list[str]) -> float:
    chain = f"ass={laid}/captions.ass:fontsdir={laid}/fonts" if laid else "null"
    source = ["-f", "lavfi", "-i", GROUND, "-frames:v", str(FRAMES), "-vf", chain]
    command = ["env", "-C", str(folder), f"FONTCONFIG_FILE={folder}/c/fonts.conf", FFMPEG, "-v", "error"]
    return measured(lambda: run([*command, *source, *output]), RUNS)[1]


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
            token = accounts.begin_session(owner.account.id)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        window = browser.new_context(viewport={"width": 1704, "height": 1020}, reduced_motion="reduce")
        window.add_cookies([{"name": "fc_session", "value": token, "url": studio.url}])
        opened = window.new_page()
        opened.goto(f"{studio.url}/captions")
        opened.wait_for_selector("canvas.captions[data-revision]")
        opened.locator("[data-drawn]").nth(15).wait_for()
        pressed(opened)
        browser.close()
    built = [file for file in (Path(fastclip.__file__).parent / "ui" / "assets").iterdir() if drawing_needs(file.name)]
    small = sum(len(gzip.compress(file.read_bytes(), 9)) for file in built)
    bar("WebAssembly and its script, gzipped MB", small / 1e6, 1.0)


def drawing_needs(name: str) -> bool:
    """What a browser with SIMD loads to draw; others load the plain build in place of the modern one."""
    return name.startswith(("painter.worker", "jassub-worker-modern"))


def pressed(opened: Page) -> None:
    names = [name for name, _ in style.builtin().values()]
    spent = [opened.evaluate(PRESS, name) for _ in range(3) for name in (*names[1:], names[0])]
    size = opened.evaluate("(c => `${c.width}x${c.height}`)(document.querySelector('canvas.captions'))")
    bar(f"style change to painted picture ({size}), median ms", statistics.median(spent), 150)
    bar("  95th percentile, ms", percentile(spent, 95), 150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", action="store_true")
    if parser.parse_args().page:
        page()
        return
    building()
    with tempfile.TemporaryDirectory(prefix="fastclip-bench-") as made:
        folder = Path(made)
        burn.lay(folder / "c", ass.write(drawn.laid(SLUGS[0], SIZE)))
        drawing(folder)


if __name__ == "__main__":
    main()
