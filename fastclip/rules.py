"""Every price, limit, format, quality and event name of the API, as data, and the price functions over them.

Money is whole US cents, durations are seconds, sizes are bytes. Sources: API reference, "Pricing", "Limits",
"Format and Quality Rules", "Supported Upload Media Types", "Webhooks"; backend-spec 1 and 2.4 where it is silent.
"""

from math import ceil

MB, GB = 1000**2, 1000**3
MiB, GiB = 1024**2, 1024**3
MINUTE, HOUR, DAY = 60, 3600, 86400

# -- Prices ------------------------------------------------------------------------------------------------
TRIM_CENTS = 2
TRIM_4K_SURCHARGE_CENTS = 2
CAPTION_MINUTE_CENTS = {"1080p": 2, "4k": 4}
Tiers = tuple[tuple[int, int], ...]
TRANSCRIPT_TIERS: Tiers = ((10, 2), (30, 5), (60, 10), (120, 20), (240, 40))
"""(minutes up to and including, cents); so are the two below."""
ANALYZE_TIERS: Tiers = ((30, 8), (60, 15), (120, 25), (240, 40))
AUTO_TIERS: Tiers = ((30, 10), (60, 20), (120, 35), (240, 50))
SIGNUP_CREDIT_CENTS = 100
LOW_BALANCE_CENTS, EMPTY_BALANCE_CENTS = 50, 2
MAX_LOW_BALANCE_CENTS = 10_000
MIN_DEPOSIT_CENTS, MAX_DEPOSIT_CENTS = 500, 50_000
FIRST_DEPOSIT_BONUS_PERCENT = 50
LARGE_DEPOSIT_CENTS, LARGE_DEPOSIT_BONUS_PERCENT = 5000, 10
STORAGE_PACKAGE_CENTS = {5: 900, 10: 1500, 25: 2900, 50: 4900}
"""GB -> cents."""
STORAGE_CUSTOM_CENTS_PER_GB = 99
STORAGE_CUSTOM_GB = (51, 1000)

# -- Limits ------------------------------------------------------------------------------------------------
MAX_UPLOAD_BYTES = 5 * GB
SIMPLE_UPLOAD_BYTES = 96 * MB
MIN_PART_BYTES, DEFAULT_PART_BYTES, MAX_PART_BYTES = 5 * MiB, 32 * MiB, 5 * GiB
MAX_PARTS = 1000
MAX_SOURCE_S = 3 * HOUR
MAX_SEGMENT_S = 10 * MINUTE
MAX_GIF_S = 30
MAX_SEGMENTS = 50
MAX_MERGED_S = MAX_SOURCE_S
"""Of all segments together: a merged clip can be a source again."""
MAX_FONT_BYTES = 10 * MB
MAX_QUERY_CHARS = 500
MAX_KEY_NAME_CHARS = 100
MAX_CLIP_TITLE_CHARS = 200
MAX_SOURCE_TITLE_CHARS = 200
MAX_FILENAME_CHARS = 255
MAX_BULK_DELETE = 50
MAX_API_KEYS = 10
MAX_WEBHOOKS = 10
MAX_PRESETS = 100
MAX_FONTS = 50
INCLUDED_STORAGE_GB = 10
ANSWER_KEPT_S = DAY
"""How long the answer to an Idempotency-Key is given again."""
MANUAL_DEPOSIT_KEPT_S = 14 * DAY
RELOAD_LINK_S = 30 * MINUTE
RELOAD_PASSWORD_CHARS = (8, 128)
UPLOAD_KEPT_S = DAY
CLIP_KEPT_S = DAY
CLIP_TOMBSTONE_S = 30 * DAY
UPLOAD_LINK_S = HOUR
DOWNLOAD_LINK_S = 6 * HOUR
FREE_DISK_MARGIN_BYTES = 2 * GB
"""Kept free on the disk: an upload is only accepted when it fits beside this."""
END_TOLERANCE_S = 0.05
"""A segment may end this much behind the source's end (players round up)."""
PAGE_DEFAULT, PAGE_MAX = 20, 100
PASSWORD_CHARS = (10, 128)

# -- Formats -----------------------------------------------------------------------------------------------
CONTENT_TYPES = {
    "mp4": "video/mp4",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "m4a": "audio/mp4",
    "flac": "audio/flac",
    "gif": "image/gif",
}
FORMAT_ALIASES = {"aac": "m4a"}
AUDIO_FORMATS = ("mp3", "wav", "m4a", "flac")
FORMATS: dict[str, dict[str, tuple[str, ...]]] = {
    "video": {"api_key": ("mp4",), "session": ("mp4", "gif", *AUDIO_FORMATS)},
    "audio": {"api_key": AUDIO_FORMATS, "session": AUDIO_FORMATS},
}
"""What a source can become: media kind -> way of signing in -> formats."""
DEFAULT_FORMAT = {"video": "mp4", "audio": "mp3"}
QUALITIES = {"mp4": ("4k", "1080p", "720p", "high", "medium"), "gif": ("1080p", "720p", "high", "medium")}
"""Formats that take a quality, and which. The others take none."""
QUALITY_ALIASES = {"high": "1080p", "medium": "720p"}
QUALITY_PX = {"4k": 2160, "1080p": 1080, "720p": 720}
"""Short edge in pixels."""
UNPAID_QUALITY = "1080p"
"""The most that an account without a paid deposit gets."""
TRUE_4K_PX = 2160
"""A source is true 4K when its short edge has at least this many pixels."""
VIDEO_EXTENSIONS = ("mp4", "mov", "avi", "mkv", "webm", "m4v", "flv")
AUDIO_EXTENSIONS = ("mp3", "wav", "aac", "flac", "ogg", "m4a", "wma")
EXTENSIONS = VIDEO_EXTENSIONS + AUDIO_EXTENSIONS

# -- Words -------------------------------------------------------------------------------------------------
UPLOAD_STATUSES = ("pending", "processing", "ready", "failed")
JOB_STATUSES = ("pending", "downloading", "processing", "uploading", "complete", "failed")
EVENTS = (
    "clip.complete",
    "clip.failed",
    "clip.auto.segment_complete",
    "clip.auto.segment_failed",
    "clip.expired",
    "upload.ready",
    "upload.failed",
    "balance.low",
    "balance.empty",
    "balance.reloaded",
    "btc.deposit.failed",
    "card.reload.failed",
)
RATES_PER_MINUTE = {
    "read": 600,
    "write": 120,
    "jobs": 60,
    "upload": 60,
    "ai": 20,
    "keys": 20,
    "look": 1200,
    "frame": 120,
    "sign_in": 10,
    "share": 300,
    "view": 60,
}
"""Requests a minute for each class of route; the last three per address, the others per account."""

RATES_PER_HOUR = {"support": 5}
"""Requests an hour, per account."""


def trim_cents(*, is_4k: bool) -> int:
    """One trimmed segment. is_4k: the source is true 4K and the output is not capped below it (A18)."""
    return TRIM_CENTS + (TRIM_4K_SURCHARGE_CENTS if is_4k else 0)


def caption_cents(seconds: float, *, is_4k: bool) -> int:
    """Captions on `seconds` of input; every started minute counts."""
    return ceil(seconds / MINUTE) * CAPTION_MINUTE_CENTS["4k" if is_4k else "1080p"]


def bonus_cents(cents: int, *, is_first: bool) -> int:
    """What a paid top-up adds on top: percentages add up, and the sum is floored to the cent."""
    percent = FIRST_DEPOSIT_BONUS_PERCENT if is_first else 0
    percent += LARGE_DEPOSIT_BONUS_PERCENT if cents >= LARGE_DEPOSIT_CENTS else 0
    return cents * percent // 100


def storage_cents(gb: int) -> int | None:
    """The price of so much storage, for good; None for an amount that is not sold (A22)."""
    low, high = STORAGE_CUSTOM_GB
    return gb * STORAGE_CUSTOM_CENTS_PER_GB if low <= gb <= high else STORAGE_PACKAGE_CENTS.get(gb)


def tier_cents(tiers: Tiers, seconds: float) -> int:
    """The price of the first tier that holds `seconds`."""
    return next(cents for minutes, cents in tiers if seconds <= minutes * MINUTE)
