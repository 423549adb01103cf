"""Builds the caption fonts: npm packages in, `assets/fonts/` out, each under a family name of our own.

A name that no system font has cannot be answered by a system font, and a changed font may not keep its reserved name
(OFL). Source: captions.md 2.1. Run with fontTools beside this Python; the rest needs only the standard library.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pages

SOURCE = pages.ROOT / "packaging" / "fonts"
CATALOGUE = pages.ROOT / "assets" / "captions" / "fonts.json"
BUILT = pages.ROOT / "assets" / "fonts"
STAMP = BUILT / ".stamp"
_KEPT_NAMES = (0, 13, 14)  # copyright, licence, where the licence stands


def is_built() -> bool:
    """Whether `assets/fonts` is what the catalogue and the lock ask for. True where there is nothing to build from."""
    if not (SOURCE / "package.json").exists():
        return True
    return STAMP.is_file() and STAMP.read_text() == _fingerprint()


def build() -> None:
    """Fetch the packages, rename each font and put its licence beside it. Raises CalledProcessError, OSError."""
    STAMP.unlink(missing_ok=True)
    pages.npm_ci(SOURCE)
    shutil.rmtree(BUILT, ignore_errors=True)
    BUILT.mkdir(parents=True)
    for row in json.loads(CATALOGUE.read_text("utf-8")):
        package = SOURCE / "node_modules" / "@expo-google-fonts" / row["package"]
        (file,) = (package / row["style"]).glob("*.ttf")
        rename(file, BUILT / f"{row['package']}.ttf", family=f"FC {row['name']}")
        shutil.copyfile(package / "LICENSE_FONT", BUILT / f"{row['package']}.LICENSE.txt")
    shutil.rmtree(SOURCE / "node_modules")
    STAMP.write_text(_fingerprint())


def rename(source: Path, target: Path, *, family: str) -> None:
    """Copy a font with `family` as its only name, regular and upright as far as anyone who picks fonts can tell."""
    from fontTools.ttLib import TTFont

    font: Any = TTFont(source)
    names = font["name"]
    names.names = [row for row in names.names if row.nameID in _KEPT_NAMES]
    for name_id, text in ((1, family), (2, "Regular"), (3, family), (4, family), (6, family.replace(" ", ""))):
        names.setName(text, name_id, 3, 1, 0x409)
    font["OS/2"].usWeightClass = 400
    font["OS/2"].fsSelection = font["OS/2"].fsSelection & ~0x21 | 0x40
    font["head"].macStyle = 0
    font.save(target)


def _fingerprint() -> str:
    sources = (CATALOGUE, SOURCE / "package-lock.json", Path(__file__))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


if __name__ == "__main__":
    try:
        build()
    except (subprocess.CalledProcessError, OSError) as error:
        sys.exit(f"The caption fonts could not be built: {error}")
