"""How alike two pictures are to the eye: SSIM of their luma (Wang et al. 2004, even windows of 7x7)."""

import numpy as np

_WINDOW = 7
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def luma(picture: np.ndarray) -> np.ndarray:
    """BT.709 luma of RGB, 0-255."""
    return np.asarray(picture[..., :3].astype(float) @ (0.2126, 0.7152, 0.0722))


def ssim(one: np.ndarray, other: np.ndarray) -> float:
    """1 for the same picture."""
    a, b = luma(one), luma(other)
    mean_a, mean_b = _mean(a), _mean(b)
    spread = _WINDOW**2 / (_WINDOW**2 - 1)
    var_a, var_b = spread * (_mean(a * a) - mean_a**2), spread * (_mean(b * b) - mean_b**2)
    both = spread * (_mean(a * b) - mean_a * mean_b)
    above = (2 * mean_a * mean_b + _C1) * (2 * both + _C2)
    return float((above / ((mean_a**2 + mean_b**2 + _C1) * (var_a + var_b + _C2))).mean())


def _mean(of: np.ndarray) -> np.ndarray:
    """Of every window that lies inside."""
    sums = np.pad(of, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    w = _WINDOW
    return np.asarray(sums[w:, w:] - sums[:-w, w:] - sums[w:, :-w] + sums[:-w, :-w]) / w**2


def off_by(one: np.ndarray, other: np.ndarray, more_than: int) -> float:
    """The share of pixels of which a channel differs by more."""
    away = np.abs(one[..., :3].astype(int) - other[..., :3].astype(int)).max(axis=-1)
    return float((away > more_than).mean())
