"""What a file's first 64 bytes say that it is, against what its name says. Source: backend-spec 7.2 "Media type"."""

from pathlib import Path, PurePath

from fastclip.errors import Unprocessable

FAMILIES: dict[str, frozenset[str]] = {
    "mov": frozenset({"mp4", "mov", "m4v", "m4a"}),
    "matroska": frozenset({"mkv", "webm"}),
    "avi": frozenset({"avi"}),
    "flv": frozenset({"flv"}),
    "mp3": frozenset({"mp3"}),
    "wav": frozenset({"wav"}),
    "aac": frozenset({"aac"}),
    "flac": frozenset({"flac"}),
    "ogg": frozenset({"ogg"}),
    "asf": frozenset({"wma"}),
}
"""Each container by its ffmpeg name, with the file name extensions that may carry it."""

_TITLES = {
    "mov": "an MP4 or QuickTime file",
    "matroska": "a Matroska or WebM file",
    "avi": "an AVI file",
    "flv": "a Flash video",
    "mp3": "an MP3 file",
    "wav": "a WAV file",
    "aac": "an AAC file",
    "flac": "a FLAC file",
    "ogg": "an Ogg file",
    "asf": "a Windows Media file",
}
_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_MOV_BOXES = (b"ftyp", b"wide", b"mdat", b"moov", b"free", b"skip")


def check(path: str | Path, filename: str) -> str:
    """The container family of the file at `path`, when its bytes and the extension of `filename` agree on one.

    Raises Unprocessable (unsupported_media).
    """
    extension = PurePath(filename).suffix.lower().removeprefix(".")
    named = next((family for family, extensions in FAMILIES.items() if extension in extensions), None)
    if named is None:
        raise refusal(f'FastClip does not read ".{extension}" files. Send one of {_all_extensions()}.')
    found = of(path)
    if not found:
        raise refusal("This is not a recording that FastClip knows, or its beginning is damaged. Export it again.")
    if named not in found:
        raise refusal(
            f'The name ends in ".{extension}", but this is {_TITLES[min(found)]}. '
            "Give it the ending of what it is, or export it again."
        )
    return named


def of(path: str | Path) -> set[str]:
    """Every family that the file at `path` may belong to."""
    with open(path, "rb") as file:
        return families(file.read(64))


def families(head: bytes) -> set[str]:
    """Every family that a file with these first bytes may belong to. An ID3 tag may stand before MP3 and AAC."""
    if head[4:8] in _MOV_BOXES:
        return {"mov"}
    if head[:4] in (b"RIFF", b"RF64"):
        return {b"AVI ": {"avi"}, b"WAVE": {"wav"}}.get(head[8:12], set())
    for mark, family in ((b"\x1aE\xdf\xa3", "matroska"), (b"FLV\x01", "flv"), (b"fLaC", "flac"), (b"OggS", "ogg")):
        if head.startswith(mark):
            return {family}
    if head.startswith(_ASF):
        return {"asf"}
    if head.startswith(b"ID3"):
        return {"mp3", "aac"}
    return _by_sync_word(head)


def refusal(message: str) -> Unprocessable:
    """The one kind of refusal that a file can get for what it is."""
    return Unprocessable(message, code="unsupported_media", param="file")


def _by_sync_word(head: bytes) -> set[str]:
    if len(head) < 2 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return set()
    layer = head[1] >> 1 & 3
    if layer == 0:
        return {"aac"} if head[1] & 0xF0 == 0xF0 else set()
    return {"mp3"}


def _all_extensions() -> str:
    return ", ".join(sorted(extension for group in FAMILIES.values() for extension in group))
