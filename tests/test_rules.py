"""Prices and limits, as the reference's tables and the vectors of backend-spec 4 have them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastclip import rules

MINUTE = 60.0


@pytest.mark.parametrize(("is_4k", "cents"), [(False, 2), (True, 4)])
def test_a_trim_costs_two_cents_and_two_more_in_true_4k(is_4k: bool, cents: int) -> None:
    assert rules.trim_cents(is_4k=is_4k) == cents


@pytest.mark.parametrize(
    ("seconds", "is_4k", "cents"),
    [
        (0.5, False, 2),
        (60, False, 2),
        (60.001, False, 4),
        (61, False, 4),
        (600, False, 20),
        (600, True, 40),
        (61, True, 8),
    ],
)
def test_captions_cost_by_the_started_minute(seconds: float, is_4k: bool, cents: int) -> None:
    assert rules.caption_cents(seconds, is_4k=is_4k) == cents


def test_a_trim_with_61_seconds_of_captions_costs_six_cents() -> None:
    assert rules.trim_cents(is_4k=False) + rules.caption_cents(61, is_4k=False) == 6


@pytest.mark.parametrize(
    ("tiers", "minutes_and_cents"),
    [
        (rules.TRANSCRIPT_TIERS, {10: 2, 30: 5, 60: 10, 120: 20, 240: 40}),
        (rules.ANALYZE_TIERS, {30: 8, 60: 15, 120: 25, 240: 40}),
        (rules.AUTO_TIERS, {30: 10, 60: 20, 120: 35, 240: 50}),
    ],
)
def test_a_tier_holds_its_last_second_and_not_a_moment_more(
    tiers: rules.Tiers, minutes_and_cents: dict[int, int]
) -> None:
    assert dict(tiers) == minutes_and_cents
    steps = list(minutes_and_cents.items())
    for (minutes, cents), (_, next_cents) in zip(steps, steps[1:], strict=False):
        assert rules.tier_cents(tiers, minutes * MINUTE) == cents
        assert rules.tier_cents(tiers, minutes * MINUTE + 0.001) == next_cents


@pytest.mark.parametrize(
    ("tiers", "seconds", "cents"),
    [
        (rules.TRANSCRIPT_TIERS, 1200.5, 5),
        (rules.TRANSCRIPT_TIERS, 600, 2),
        (rules.TRANSCRIPT_TIERS, 600.001, 5),
        (rules.ANALYZE_TIERS, 1800, 8),
        (rules.ANALYZE_TIERS, 1800.001, 15),
        (rules.ANALYZE_TIERS, 10_800, 40),
        (rules.AUTO_TIERS, 1200.5, 10),
    ],
)
def test_the_tier_vectors_of_the_specification(tiers: rules.Tiers, seconds: float, cents: int) -> None:
    assert rules.tier_cents(tiers, seconds) == cents


def test_auto_with_captions_reserves_the_source_and_settles_the_clips() -> None:
    tier = rules.tier_cents(rules.AUTO_TIERS, 1200.5)
    reserved = tier + rules.caption_cents(1200.5, is_4k=False)
    settled = tier + sum(rules.caption_cents(s, is_4k=False) for s in (20, 61, 30))
    assert (reserved, settled, reserved - settled) == (52, 18, 34)


@given(st.floats(min_value=0.001, max_value=rules.MAX_SOURCE_S), st.floats(min_value=0, max_value=60))
def test_longer_never_costs_less(seconds: float, more: float) -> None:
    longer = min(seconds + more, rules.MAX_SOURCE_S)
    for tiers in (rules.TRANSCRIPT_TIERS, rules.ANALYZE_TIERS, rules.AUTO_TIERS):
        assert rules.tier_cents(tiers, longer) >= rules.tier_cents(tiers, seconds)
    for is_4k in (False, True):
        assert rules.caption_cents(longer, is_4k=is_4k) >= rules.caption_cents(seconds, is_4k=is_4k)


@given(st.floats(min_value=0.001, max_value=rules.MAX_SOURCE_S))
def test_every_source_that_is_taken_has_a_price(seconds: float) -> None:
    for tiers in (rules.TRANSCRIPT_TIERS, rules.ANALYZE_TIERS, rules.AUTO_TIERS):
        assert rules.tier_cents(tiers, seconds) in dict(tiers).values()
    assert rules.caption_cents(seconds, is_4k=False) == 2 * math.ceil(seconds / 60)


def test_a_part_plan_can_hold_the_largest_upload() -> None:
    assert rules.MAX_PARTS * rules.DEFAULT_PART_BYTES >= rules.MAX_UPLOAD_BYTES


def test_every_format_has_a_content_type_and_every_quality_a_size() -> None:
    formats = {name for ways in rules.FORMATS.values() for names in ways.values() for name in names}
    assert formats == set(rules.CONTENT_TYPES)
    names = {rules.QUALITY_ALIASES.get(q, q) for qualities in rules.QUALITIES.values() for q in qualities}
    assert names == set(rules.QUALITY_PX)
