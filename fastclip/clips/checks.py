"""What may be asked of a source: format, quality, times, and what a segment costs.

Source: API reference, "Format and Quality Rules"; backend-spec 1 (A2, A15-A18) and 2.4.
"""

from dataclasses import dataclass

from fastclip import rules
from fastclip.accounts import Account
from fastclip.errors import InvalidRequest, NotAllowed, Unprocessable
from fastclip.media.facts import Facts


@dataclass(frozen=True)
class Target:
    """What a segment becomes. max_px: the most its short edge may have, None for the source's own."""

    format: str
    quality: str
    max_px: int | None
    is_4k: bool


def target(account: Account, facts: Facts, *, via: str, format: str | None, quality: str | None) -> Target:
    """The output that was asked for, with its defaults.

    via: "api_key" or "session", which allow different formats. Raises InvalidRequest, NotAllowed (4K without a
    paid deposit; GIF with a key).
    """
    format = _format(facts, via, format)
    quality = _quality(format, quality)
    if quality == "4k" and not account.has_4k:
        raise NotAllowed(
            "4K output needs a successful paid deposit; up to 1080p is open to you.",
            code="paid_deposit_required",
            param="quality",
        )
    if format not in rules.QUALITIES:
        return Target(format, "", None, False)
    capped = quality or ("" if account.has_4k else rules.UNPAID_QUALITY)
    is_4k = format == "mp4" and capped in ("", "4k") and is_true_4k(facts)
    return Target(format, quality, rules.QUALITY_PX.get(capped), is_4k)


def is_true_4k(facts: Facts) -> bool:
    """A16: the short edge has at least 2160 pixels."""
    return min(facts.width_px or 0, facts.height_px or 0) >= rules.TRUE_4K_PX


def segments(facts: Facts, spans: list[tuple[float, float]], format: str) -> None:
    """Raises InvalidRequest (how many), Unprocessable (outside the source, too long)."""
    if not 1 <= len(spans) <= rules.MAX_SEGMENTS:
        raise InvalidRequest(f"{len(spans)} segments were sent; use 1 to {rules.MAX_SEGMENTS}.", param="segments")
    longest = rules.MAX_GIF_S if format == "gif" else rules.MAX_SEGMENT_S
    for i, (start, end) in enumerate(spans):
        param = f"segments[{i}]" if len(spans) > 1 else None
        if start < 0 or end <= start:
            raise Unprocessable(
                f"Segment {_s(start)}-{_s(end)} s is empty: its end must be later than its start.", param=param
            )
        if start >= facts.duration_s or end > facts.duration_s + rules.END_TOLERANCE_S:
            raise Unprocessable(
                f"Segment {_s(start)}-{_s(end)} s is outside the source (0-{_s(facts.duration_s)} s).", param=param
            )
        if end - start > longest:
            name = "GIF" if format == "gif" else "segment"
            raise Unprocessable(
                f"Segment {_s(start)}-{_s(end)} s is {_s(end - start)} s; a {name} has at most {longest} s.",
                param=param,
            )


def _format(facts: Facts, via: str, asked: str | None) -> str:
    kind = facts.media_kind
    format = rules.FORMAT_ALIASES.get(asked or "", asked) or rules.DEFAULT_FORMAT[kind]
    allowed = rules.FORMATS[kind][via]
    if format in allowed:
        return format
    if format == "gif" and kind == "video":
        raise NotAllowed(
            "GIF is made in the browser only; with an API key export mp4.", code="session_required", param="format"
        )
    raise InvalidRequest(f"format is {asked!r}; for this {kind} source use {', '.join(allowed)}.", param="format")


def _quality(format: str, asked: str | None) -> str:
    if not asked:
        return ""
    allowed = rules.QUALITIES.get(format)
    if allowed is None:
        raise InvalidRequest(f"{format} takes no quality; leave it out.", param="quality")
    if asked not in allowed:
        raise InvalidRequest(f"quality is {asked!r}; for {format} use {', '.join(allowed)}.", param="quality")
    return rules.QUALITY_ALIASES.get(asked, asked)


def _s(seconds: float) -> str:
    return f"{seconds:.3f}".rstrip("0").rstrip(".")
