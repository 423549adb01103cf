"""How ASS writes colours, opacities, times and paths. Source: captions.md 5."""

_ROUND = 0.5523  # of a corner's radius: where the handles of its Bezier curve stand


def rounded(left: float, top: float, right: float, bottom: float, radius: float) -> str:
    """A rectangle with round corners as an ASS path, clockwise."""
    r = min(radius, (right - left) / 2, (bottom - top) / 2)
    if r <= 0:
        return f"m {_points(left, top)} l {_points(right, top, right, bottom, left, bottom)}"
    k = r * (1 - _ROUND)
    return (
        f"m {_points(left + r, top)} l {_points(right - r, top)} "
        f"b {_points(right - k, top, right, top + k, right, top + r)} l {_points(right, bottom - r)} "
        f"b {_points(right, bottom - k, right - k, bottom, right - r, bottom)} l {_points(left + r, bottom)} "
        f"b {_points(left + k, bottom, left, bottom - k, left, bottom - r)} l {_points(left, top + r)} "
        f"b {_points(left, top + k, left + k, top, left + r, top)}"
    )


def _points(*numbers: float) -> str:
    return " ".join(f"{number:.2f}" for number in numbers)


def bgr(color: str) -> str:
    return (color[5:7] + color[3:5] + color[1:3]).upper()


def color(color: str) -> str:
    return f"&H{bgr(color)}&"


def alpha(opacity: float) -> str:
    """ASS counts how far one sees through."""
    return f"&H{round(255 * (1 - opacity)):02X}&"


def clock(cs: int) -> str:
    return f"{cs // 360000}:{cs // 6000 % 60:02d}:{cs // 100 % 60:02d}.{cs % 100:02d}"
