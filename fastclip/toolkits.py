"""The ways to open a window on this machine, the best first, found without opening one or importing any of them.

Source: shared/docs, "Window, package, set-up": GTK, Qt, Chromium, then whatever browser there is.
"""

import ctypes
import glob
import importlib.util
import os
import shutil
import sys
import webbrowser
from dataclasses import dataclass
from pathlib import Path

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "brave-browser")

# What Qt WebEngine's wheels take from the system, by Debian's package: read with readelf off PySide6 6.12.
QT_LIBRARIES = {
    "libasound2": "libasound.so.2",
    "libdbus-1-3": "libdbus-1.so.3",
    "libegl1": "libEGL.so.1",
    "libexpat1": "libexpat.so.1",
    "libfontconfig1": "libfontconfig.so.1",
    "libfreetype6": "libfreetype.so.6",
    "libgbm1": "libgbm.so.1",
    "libgl1": "libGL.so.1",
    "libglib2.0-0": "libglib-2.0.so.0",
    "libgssapi-krb5-2": "libgssapi_krb5.so.2",
    "libnspr4": "libnspr4.so",
    "libnss3": "libnss3.so",
    "libudev1": "libudev.so.1",
    "libwayland-client0": "libwayland-client.so.0",
    "libwayland-cursor0": "libwayland-cursor.so.0",
    "libx11-6": "libX11.so.6",
    "libx11-xcb1": "libX11-xcb.so.1",
    "libxcb1": "libxcb.so.1",
    "libxcb-cursor0": "libxcb-cursor.so.0",
    "libxcb-dri3-0": "libxcb-dri3.so.0",
    "libxcb-icccm4": "libxcb-icccm.so.4",
    "libxcb-image0": "libxcb-image.so.0",
    "libxcb-keysyms1": "libxcb-keysyms.so.1",
    "libxcb-randr0": "libxcb-randr.so.0",
    "libxcb-render-util0": "libxcb-render-util.so.0",
    "libxcb-render0": "libxcb-render.so.0",
    "libxcb-shape0": "libxcb-shape.so.0",
    "libxcb-shm0": "libxcb-shm.so.0",
    "libxcb-sync1": "libxcb-sync.so.1",
    "libxcb-util1": "libxcb-util.so.1",
    "libxcb-xfixes0": "libxcb-xfixes.so.0",
    "libxcb-xkb1": "libxcb-xkb.so.1",
    "libxcomposite1": "libXcomposite.so.1",
    "libxdamage1": "libXdamage.so.1",
    "libxext6": "libXext.so.6",
    "libxfixes3": "libXfixes.so.3",
    "libxkbcommon-x11-0": "libxkbcommon-x11.so.0",
    "libxkbcommon0": "libxkbcommon.so.0",
    "libxkbfile1": "libxkbfile.so.1",
    "libxrandr2": "libXrandr.so.2",
    "libxtst6": "libXtst.so.6",
}


@dataclass(frozen=True)
class Toolkit:
    """One way to open a window, the best first: gtk, qt, system, chromium or browser. `why` also says why not."""

    name: str
    is_usable: bool
    why: str
    fix: str = ""

    @property
    def is_native(self) -> bool:
        """A window of our own, which pywebview draws."""
        return self.name in ("gtk", "qt", "system")


def find() -> list[Toolkit]:
    """Every way to a window on this system, the best first, usable or not; none where there is no display."""
    if sys.platform in ("win32", "darwin"):
        return [Toolkit("system", True, "WebView2" if sys.platform == "win32" else "WKWebView"), _browser()]
    if not _has_display():
        return []
    return [_gtk(), _qt(), _chromium(), _browser()]


def _has_display() -> bool:
    """Whether a display answers: Qt ends the whole process when one is named and does not."""
    wayland = os.environ.get("WAYLAND_DISPLAY")
    if wayland and Path(os.environ.get("XDG_RUNTIME_DIR", "/nonexistent"), wayland).exists():
        return True
    if not os.environ.get("DISPLAY"):
        return False
    try:
        x11 = ctypes.CDLL("libX11.so.6")
    except OSError:
        return True  # nothing to ask with; a browser may bring its own
    x11.XOpenDisplay.restype = ctypes.c_void_p
    display = x11.XOpenDisplay(None)
    if display:
        x11.XCloseDisplay(ctypes.c_void_p(display))
    return bool(display)


def _gtk() -> Toolkit:
    if not importlib.util.find_spec("gi"):
        return Toolkit("gtk", False, "this Python has no PyGObject")
    places = ("/usr/lib/*/girepository-1.0", "/usr/lib*/girepository-1.0")
    if not any(glob.glob(f"{place}/WebKit2-4.*.typelib") for place in places):
        return Toolkit("gtk", False, "WebKitGTK is not installed", "sudo apt-get install gir1.2-webkit2-4.1")
    return Toolkit("gtk", True, "WebKitGTK")


def _qt() -> Toolkit:
    package = importlib.util.find_spec("PySide6")
    folder = package.submodule_search_locations[0] if package and package.submodule_search_locations else ""
    if not folder or not importlib.util.find_spec("qtpy") or not list(Path(folder).glob("QtWebEngineWidgets*")):
        fix = f"'{sys.executable}' -m pip install PySide6 qtpy"
        return Toolkit("qt", False, "PySide6 and qtpy are not installed", fix)
    missing = [name for name, library in QT_LIBRARIES.items() if not _loads(library)]
    if missing:
        fix = "sudo apt-get install " + " ".join(missing)
        return Toolkit("qt", False, f"{len(missing)} system libraries are missing", fix)
    return Toolkit("qt", True, "Qt WebEngine")


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _chromium() -> Toolkit:
    found = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    return Toolkit("chromium", bool(found), found or "no Chromium, Chrome or Edge on PATH")


def _browser() -> Toolkit:
    try:
        default = webbrowser.get()
    except webbrowser.Error:
        return Toolkit("browser", False, "no browser is set up")
    # A plain GenericBrowser is one for the terminal (www-browser, lynx): no window.
    is_usable = type(default) is not webbrowser.GenericBrowser
    return Toolkit("browser", is_usable, getattr(default, "name", "the system's own") or "the system's own")
