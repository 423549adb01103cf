"""Prices, limits and formats as data, so that no page writes them a second time."""

from typing import Any

from litestar import get

from fastclip import rules
from fastclip.media import style


@get("/v1/rules", sync_to_thread=False)
def get_rules() -> dict[str, Any]:
    """What things cost, what is allowed, what can become what. Money in cents, times in seconds."""
    return {"prices": _prices(), "limits": _limits(), "formats": rules.FORMATS, "qualities": rules.QUALITIES} | {
        "extensions": {"video": rules.VIDEO_EXTENSIONS, "audio": rules.AUDIO_EXTENSIONS},
        "captions": {"ranges": style.RANGES, "choices": style.CHOICES, "highlight_words": style.HIGHLIGHT_WORDS},
    }


def _prices() -> dict[str, Any]:
    return {
        "trim_cents": rules.TRIM_CENTS,
        "trim_4k_surcharge_cents": rules.TRIM_4K_SURCHARGE_CENTS,
        "captions_minute_cents": rules.CAPTION_MINUTE_CENTS,
        "transcript_cents": rules.TRANSCRIPT_TIERS,
        "analyze_cents": rules.ANALYZE_TIERS,
        "auto_cents": rules.AUTO_TIERS,
        "storage_cents": list(rules.STORAGE_PACKAGE_CENTS.items()),
        "deposit": {
            "min_cents": rules.MIN_DEPOSIT_CENTS,
            "max_cents": rules.MAX_DEPOSIT_CENTS,
            "first_bonus_percent": rules.FIRST_DEPOSIT_BONUS_PERCENT,
            "large_cents": rules.LARGE_DEPOSIT_CENTS,
            "large_bonus_percent": rules.LARGE_DEPOSIT_BONUS_PERCENT,
        },
    }


def _limits() -> dict[str, Any]:
    return {
        "max_upload_bytes": rules.MAX_UPLOAD_BYTES,
        "max_source_s": rules.MAX_SOURCE_S,
        "max_segment_s": rules.MAX_SEGMENT_S,
        "max_gif_s": rules.MAX_GIF_S,
        "max_segments": rules.MAX_SEGMENTS,
        "max_merged_s": rules.MAX_MERGED_S,
        "max_clip_title_chars": rules.MAX_CLIP_TITLE_CHARS,
        "max_key_name_chars": rules.MAX_KEY_NAME_CHARS,
        "max_api_keys": rules.MAX_API_KEYS,
        "max_font_bytes": rules.MAX_FONT_BYTES,
        "max_webhooks": rules.MAX_WEBHOOKS,
        "max_bulk_delete": rules.MAX_BULK_DELETE,
        "simple_upload_bytes": rules.SIMPLE_UPLOAD_BYTES,
        "min_part_bytes": rules.MIN_PART_BYTES,
        "default_part_bytes": rules.DEFAULT_PART_BYTES,
        "storage_custom_gb": rules.STORAGE_CUSTOM_GB,
    }


routes = [get_rules]
