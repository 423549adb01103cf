"""A waveform's numbers are the sound's own."""

import numpy as np
import pytest

from fastclip.media import peaks
from tests.media import stamped


def test_a_peak_is_the_loudest_sample_of_its_fiftieth_of_a_second(tmp_path):
    sound = np.zeros(48000 * 2, dtype="<i2")
    sound[48000 : 48000 + 4800] = (np.sin(np.arange(4800) / 20) * 16384).astype("<i2")
    source, target = tmp_path / "s.wav", tmp_path / "peaks"
    stamped.run("-f", "s16le", "-ar", "48000", "-ac", "1", "-i", "pipe:0", str(source), given=sound.tobytes())
    assert peaks.write(source, target) == 100
    drawn = np.fromfile(target, dtype="uint8")
    assert len(drawn) == 100
    assert not drawn[:49].any() and not drawn[56:].any()
    assert drawn[51:54] == pytest.approx([127] * 3, abs=2)


def test_peaks_begin_where_the_container_begins(recording, tmp_path):
    told: list[float] = []
    count = peaks.write(
        recording("late_sound"), tmp_path / "peaks", duration_s=9.5, tell=lambda done, _: told.append(done)
    )
    drawn = np.fromfile(tmp_path / "peaks", dtype="uint8")
    assert count == pytest.approx(475, abs=2)
    assert not drawn[:73].any() and drawn[76:].min() > 10
    assert told == sorted(told)


def test_buckets_do_not_depend_on_how_the_samples_arrive():
    sound = (np.random.default_rng(3).normal(0, 8000, 10_000)).clip(-32768, 32767).astype("<i2").tobytes()
    drawn = []
    for portion in (1, 7, 640, 5000, len(sound)):
        out: list[bytes] = []
        buckets = peaks._Buckets(320, out.append)
        for at in range(0, len(sound), portion):
            buckets.feed(sound[at : at + portion])
        buckets.end()
        assert buckets.count == 32
        drawn.append(b"".join(out))
    assert len(set(drawn)) == 1
