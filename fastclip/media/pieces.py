"""Words of scripts that are written without spaces, in pieces that may be lit up and between which a line may end.

Without a dictionary nobody knows where their words end: Chinese and Japanese go in pairs of letters, Thai in syllables
as far as its spelling shows them. Source: captions.md 3 (wrapping).
"""

import re
import unicodedata
from dataclasses import replace

from fastclip.media.words import UNSPACED, Word

CLOSING = "、。，．！？：；）」』】〉》”’,.!?:;)]}…ーっゃゅょァィゥェォッャュョ々"
"""No line begins with these."""
_UNSPACED = re.compile(f"[{UNSPACED}]")
_THAI = re.compile("[\u0e00-\u0e7f]")
_LETTERS_A_WORD, _THAI_LETTERS_A_WORD = 2, 4
_MARKS, _CONSONANT = "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e", "\u0e01-\u0e2e"
_SYLLABLE = re.compile(
    f"\u0e40[{_CONSONANT}][{_MARKS}]+[\u0e22\u0e2d]\u0e30?"  # เ◌ีย, เ◌ือ
    f"|[{_CONSONANT}]\u0e31[{_MARKS}]?\u0e27\u0e30?"  # ◌ัว
    f"|(?:[\u0e40-\u0e44][{_CONSONANT}]?|[{_CONSONANT}])[{_MARKS}]*[\u0e30\u0e32\u0e33\u0e45\u0e46\u0e2f]*|."
)
"""What no break may part: a vowel before its consonant, marks over it, vowels behind it."""


def cut(word: Word) -> list[Word]:
    """A word as it may be lit up: what is written without spaces in pieces, with shares of its time."""
    if not _UNSPACED.search(word.text) or len(word.text) <= _LETTERS_A_WORD:
        return [word]
    share_s = (word.end_s - word.start_s) / len(word.text)
    found, at_s = [], word.start_s
    for text in _cut(word.text):
        found.append(replace(word, text=text, start_s=at_s, end_s=at_s + share_s * len(text)))
        at_s += share_s * len(text)
    return found


def words_in(text: str) -> float:
    """How much of `words_per_caption` a piece uses up."""
    if not _UNSPACED.match(text):
        return 1.0
    return max(0.5, len(text) / (_THAI_LETTERS_A_WORD if _THAI.match(text) else _LETTERS_A_WORD))


def is_unspaced(before: str, after: str) -> bool:
    """Whether two texts meet without a space."""
    return bool(_UNSPACED.match(before) and _UNSPACED.match(after))


def _cut(text: str) -> list[str]:
    """Pairs of CJK letters, Thai syllables; other letters in one, closing punctuation with what it closes."""
    found: list[str] = []
    for run in re.findall(rf"[\u0e00-\u0e7f]+|(?![\u0e00-\u0e7f])[{UNSPACED}]\W?|[^{UNSPACED}]+", text):
        if _THAI.match(run):
            found += _syllables(run)
            continue
        is_cjk = bool(found and _is_cjk(found[-1]) and _is_cjk(run))
        is_pair = is_cjk and len(found[-1]) < _LETTERS_A_WORD
        if found and (is_pair or run[0] in CLOSING or unicodedata.category(run[0])[0] == "M"):
            found[-1] += run
        else:
            found.append(run)
    return found


def _is_cjk(text: str) -> bool:
    return bool(_UNSPACED.match(text)) and not _THAI.match(text)


def _syllables(run: str) -> list[str]:
    """Some four letters each; a lone consonant belongs to what is before it."""
    found: list[str] = []
    for part in _SYLLABLE.findall(run):
        is_final = len(part) == 1 and bool(re.match(f"[{_CONSONANT}]", part))
        if found and (len(found[-1]) < _THAI_LETTERS_A_WORD - 1 or is_final):
            found[-1] += part
        else:
            found.append(part)
    return found
