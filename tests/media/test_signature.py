"""What a file's bytes say and what its name says must agree."""

import pytest

from fastclip.errors import Unprocessable
from fastclip.media import probe, signature

OF = {"mov": "mov", "m4v": "m4v", "mp4": "plain", "mkv": "mkv", "webm": "webm", "avi": "avi", "flv": "flv"}
EXTENSIONS = [*OF, "mp3", "wav", "m4a", "aac", "flac", "ogg", "wma"]


def _named(recording, extension):
    return recording(OF.get(extension, f"sound.{extension}"))


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_each_of_the_14_kinds_is_accepted_by_its_own_name(extension, recording):
    facts = probe.read(_named(recording, extension), filename=f"Talk.{extension.upper()}")
    assert facts.media_kind == ("video" if extension in OF else "audio")
    assert facts.duration_s == pytest.approx(8, abs=0.15)


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_file_passes_only_under_the_names_of_its_own_family(extension, recording):
    path = _named(recording, extension)
    family = next(names for names in signature.FAMILIES.values() if extension in names)
    for name in EXTENSIONS:
        if name in family:
            assert extension in signature.FAMILIES[signature.check(path, f"a.{name}")]
        else:
            with pytest.raises(Unprocessable) as refusal:
                signature.check(path, f"a.{name}")
                probe.read(path, filename=f"a.{name}")  # an ID3 tag fits MP3 and AAC: there the content decides
            assert refusal.value.code == "unsupported_media"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.mp4", b"", "not a recording that FastClip knows"),
        ("a.mp4", b"just some text, no recording at all", "not a recording that FastClip knows"),
        ("a.mp3", b"\xff", "not a recording that FastClip knows"),
        ("a.txt", b"text", 'does not read ".txt" files'),
        ("a", b"\x00\x00\x00\x18ftypmp42", 'does not read "." files'),
        ("a.mp4.exe", b"\x00\x00\x00\x18ftypmp42", 'does not read ".exe" files'),
        ("a.wav", b"RIFF\x00\x00\x00\x00AVI LIST", "but this is an AVI file"),
        ("a.mp4", b"\x00\x00\x00\x18ftypmp42" + bytes(60), "damaged"),
    ],
)
def test_what_is_no_recording_is_refused_in_a_sentence(name, content, sentence, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(Unprocessable, match=sentence):
        probe.read(path)


@pytest.mark.parametrize(
    ("head", "families"),
    [
        ("fff15080", {"aac"}),
        ("fff95080", {"aac"}),
        ("fffb9064", {"mp3"}),
        ("fff38064", {"mp3"}),
        ("ffe39064", {"mp3"}),
        ("ffd8ffe0", set()),
        ("4944330400", {"mp3", "aac"}),
        ("00000008776964650000000067646174", {"mov"}),
        ("52463634ffffffff57415645", {"wav"}),
    ],
)
def test_the_first_bytes_name_the_families(head, families):
    assert signature.families(bytes.fromhex(head)) == families
