import random

import pytest

from fastclip.media import pieces
from fastclip.media.words import Word


def cut(text: str) -> list[str]:
    return [piece.text for piece in pieces.cut(Word(text, 0.0, 1.0))]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("今天天气非常好，我们出发吧。", ["今天", "天气", "非常", "好，", "我们", "出发", "吧。"]),
        ("Hello世界ok", ["Hello", "世界", "ok"]),
        ("วันนี้เราจะมาเรียนรู้", ["วัน", "นี้", "เรา", "จะมา", "เรียน", "รู้"]),
        ("เรื่องนี้สำคัญมาก", ["เรื่อง", "นี้", "สำคัญ", "มาก"]),
        ("ประเทศไทย", ["ประ", "เทศ", "ไทย"]),
        ("๑๒๓", ["๑๒๓"]),
        ("안녕하세요", ["안녕하세요"]),
        ("plain", ["plain"]),
    ],
)
def test_what_is_written_without_spaces_is_cut_where_a_reader_may_pause(text: str, wanted: list[str]) -> None:
    assert cut(text) == wanted


def test_a_piece_of_thai_never_begins_with_what_belongs_to_the_letter_before_it() -> None:
    chance = random.Random(7)
    letters = [chr(code) for code in (*range(0xE01, 0xE2F), *range(0xE30, 0xE3B), *range(0xE40, 0xE4F))]
    for _ in range(2000):
        text = "ก" + "".join(chance.choice(letters) for _ in range(chance.randrange(2, 14)))
        found = cut(text)
        assert "".join(found) == text
        for before, after in zip(found, found[1:], strict=False):
            is_behind = after[0] in "ะาำๅ" and before[-1] in "กขคงจชดตนบปมยรลวสหอ"
            assert not is_behind and not ("ั" <= after[0] <= "ฺ" and after[0] != "า" and before[-1] in "กนม")


def test_the_pieces_share_the_time_of_their_word_without_a_gap() -> None:
    found = pieces.cut(Word("วันนี้เราจะมา", 1.0, 2.3))
    assert (found[0].start_s, found[-1].end_s) == (1.0, pytest.approx(2.3))
    assert all(one.end_s == pytest.approx(next_one.start_s) for one, next_one in zip(found, found[1:], strict=False))
