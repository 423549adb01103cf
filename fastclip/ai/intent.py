"""What a query asks for: the topic under its instructions, how many moments, how long, and in which style.

"I want three 30-second clips in which the speaker covers pricing" is about pricing: an instruction left in costs a
fifth of the answers (moments.md, "Measured"). Words are only taken off the ends, and only together with a core word
(clip, moment, about, discussed, ...), so that a bare query stays as it is. Source: moments.md, "Design" 4.
"""

import re
import unicodedata
from dataclasses import dataclass, replace

TOPIC, FUNNY, HIGHLIGHTS, STYLED = "topic", "funny", "highlights", "style+topic"

SHORTEST_S, LONGEST_S = 8.0, 600.0
_LO_S, _HI_S, _USUAL_S = 12.0, 90.0, 40.0
MOST = 10
_PACE, _SLOWEST = 160.0, 1.6
"""Words a minute from which on the usual lengths hold: what they were measured on was spoken faster."""

_NUMBERS = {
    word: n for n, word in enumerate("one two three four five six seven eight nine ten eleven twelve".split(), start=1)
} | {"a": 1, "an": 1, "couple": 2, "half": 0.5, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "sixty": 60}
_NUMBER = rf"(?:\d+(?:\.\d+)?|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"
_UNIT = r"(?:seconds?|secs?|minutes?|mins?|s|m)\b"
_UNDER = r"under|less than|up to|at most|max(?:imum)?|no (?:longer|more) than|not more than|within|shorter than|below"
_OVER = r"over|more than|at least|min(?:imum)?|longer than|no (?:shorter|less) than|above"
_ABOUT = r"about|around|roughly|approximately|circa|some|~"
_LENGTH = re.compile(
    rf"(?:(?P<how>{_UNDER}|{_OVER}|{_ABOUT})\s+)?(?:(?P<half>half) )?(?P<low>{_NUMBER})"
    rf"(?:\s*(?:-|–|to|or)\s*(?P<high>{_NUMBER}))?[\s-]*(?P<unit>{_UNIT})(?:[\s-]*(?:long|or less|max|each|at most))?",
    re.I,
)
_COUNT = re.compile(rf"\b(?:top|best|first)\s+(?P<top>{_NUMBER})\b|\b(?P<n>{_NUMBER})\b", re.I)

_SINGLE = re.compile(r"\b(?:the best|the most \w+|one|a single) (?:clip|moment|highlight|soundbite|quote)\b", re.I)

_CORE = set(
    """clip clips moment moments part parts section sections segment segments highlight highlights soundbite soundbites
    bite bites passage passages bit bits quote quotes reel reels excerpt excerpts snippet snippets scene scenes about
    regarding concerning cover covers covered covering discuss discusses discussed discussing discussion discussions
    talk talks talked talking mention mentions mentioned mentioning explain explains explained explaining describe
    describes described describing address addresses addressed speak speaks spoke speaking spoken stretch place places
    portion portions""".split()
)
_SOFT = set(
    """i i'd i'm we we'd you you'd me us my our your he she they it one want wants wanted need needs would like
    love please can could will shall should find get give show make create cut extract pull out select pick
    choose identify search look looking generate produce give see have let's lets a an the some any all
    every each of for from in on at by with into to which that where when who whose and or also just only
    really very this these those there here speaker speakers host hosts guest guests person people someone
    somebody anyone everybody something anything everything episode video podcast recording interview talk
    show social media tiktok tiktoks instagram youtube linkedin twitter facebook shorts short shorter
    shorten best top most good great nice cool strong strongest interesting viral funny funniest key main
    important powerful impactful engaging emotional memorable insightful inspiring quotable shareable punchy
    hilarious is are was were be being been do does did goes go going gets get dives dive deep up down long
    lengthy exactly specifically mainly thanks thank hey hi hello okay ok so now how much many few couple
    several topic topics subject around said says say ready post suitable featuring containing including
    involving related relevant comes come came touched upon second seconds sec secs minute minutes min mins
    s under over than less more least keep each""".split()
)
_LEADS_ON = {"about", "on", "of", "into", "where", "when", "that", "which", "to"}
"""After the last core word, an instruction may still run on to one of these: "clips, 45 seconds each, on ..."."""
_VERBS = {("find",), ("show", "me"), ("give", "me"), ("get", "me"), ("look", "for"), ("search", "for"), ("extract",)}
_TAIL = (_CORE - {"about", "regarding", "concerning", "speak", "speaking", "talk", "talking"}) | {"please", "thanks"}
_STYLES = {
    "hook": set(
        """best top most good great strong strongest interesting viral key main important powerful impactful engaging
        emotional memorable insightful inspiring quotable shareable punchy""".split()
    ),
    "funny": set("funny funniest hilarious humorous laugh laughs laughing laughter joke jokes comedy comedic".split()),
}
_FILL = {"a", "an", "the", "and", "some", "any", "all", "of", "in", "from", "this", "is", "are", "where", "with", "for"}
_WORD = re.compile(r"[\w'’.~-]*\w[\w'’]*")


@dataclass(frozen=True)
class Intent:
    """kind: TOPIC, FUNNY, HIGHLIGHTS or STYLED (a topic in a style). topic: what to look for, "" for anything.

    count: how many were asked for, None for as many as there are. A moment has lo_s to hi_s seconds, best usual_s.
    quotes: phrases that must be said exactly so. style: "", "hook" or "funny".
    """

    kind: str
    topic: str
    count: int | None = None
    lo_s: float = _LO_S
    hi_s: float = _HI_S
    usual_s: float = _USUAL_S
    quotes: tuple[str, ...] = ()
    style: str = ""


def read(query: str | None) -> Intent:
    """The intent of a query; None and "" ask for highlights."""
    text = " ".join(unicodedata.normalize("NFKC", query or "").split())
    if not text:
        return _highlights("", None, None)
    quotes = tuple(one.strip() for one in re.findall(r"[\"“„«]([^\"“”»]{2,})[\"”“»]", text) if one.strip())
    body, taken = _without_length_sentence(text)
    topic, ends = _stripped(body)
    taken = f"{taken} {ends}".strip()
    lengths, count = _length(taken), _count(taken)
    style = _style(taken)
    bare = re.sub(r"^[\s,.;:!?–-]+|[\s,;:.!–-]+$", "", topic)
    if not bare or not re.search(r"\w", bare):
        kind = FUNNY if style == "funny" else HIGHLIGHTS
        return _funny(count, lengths) if kind == FUNNY else _highlights(style, count, lengths)
    plain = set(_plain(bare))
    if plain <= _SOFT | _STYLES["funny"]:
        if plain & _STYLES["funny"]:
            return _funny(count, lengths)
        if plain & _STYLES["hook"]:
            return _highlights("hook", count, lengths)
    if len(re.findall(r"\w", bare)) < 2:
        bare, style = text, ""
    lo_s, hi_s, usual_s = lengths or (_LO_S, _HI_S, _USUAL_S)
    return Intent(STYLED if style else TOPIC, bare, count, lo_s, hi_s, usual_s, quotes, style)


def at_pace(asked: Intent, words_per_minute: float) -> Intent:
    """The same for a recording in which people speak at this pace, pauses between sentences left out.

    A moment is as long as what is said in it: of slow speech the usual lengths are stretched, up to 1.6 times; a
    length that was asked for stays. On talk of 107 words a minute R@5 at 0.5 went from 81/76 to 86/86 %.
    """
    if asked.kind not in (TOPIC, STYLED) or (asked.lo_s, asked.hi_s, asked.usual_s) != (_LO_S, _HI_S, _USUAL_S):
        return asked
    slower = min(_SLOWEST, max(1.0, _PACE / max(1.0, words_per_minute)))
    return replace(asked, hi_s=_HI_S * slower, usual_s=_USUAL_S * slower)


def _highlights(style: str, count: int | None, lengths: tuple[float, float, float] | None) -> Intent:
    lo_s, hi_s, usual_s = lengths or (15.0, 75.0, 35.0)
    return Intent(HIGHLIGHTS, "", count, lo_s, hi_s, usual_s, style=style)


def _funny(count: int | None, lengths: tuple[float, float, float] | None) -> Intent:
    lo_s, hi_s, usual_s = lengths or (10.0, 60.0, 28.0)
    return Intent(FUNNY, "", count, lo_s, hi_s, usual_s, style="funny")


# -- What is only an instruction ---------------------------------------------------------------------------


def _without_length_sentence(text: str) -> tuple[str, str]:
    """The text without a last sentence that speaks of nothing but length, and that sentence."""
    head, mark, last = text.rpartition(". ") if ". " in text else text.rpartition("? ")
    if mark and _LENGTH.search(last) and all(word in _SOFT | _NUMBERS.keys() for word in _plain(_LENGTH.sub("", last))):
        return head, last
    return text, ""


def _stripped(text: str) -> tuple[str, str]:
    """(the topic, what was taken off its ends)."""
    words = list(_WORD.finditer(text))
    plain = [_key(one.group()) for one in words]
    begin = _lead(plain)
    end = _tail(plain, begin)
    if begin == 0 and end == len(plain):
        return text, ""
    ornaments = next((n for n in range(begin, end) if not _is_ornament(plain[n])), end)
    if ornaments == end or any(plain[n] in _STYLES["hook"] | _STYLES["funny"] for n in range(begin, ornaments)):
        begin = ornaments  # "the strongest" of "the strongest product launch soundbites"; else the topic stays whole
    if begin >= end:
        return "", text
    start, stop = words[begin].start(), words[end - 1].end()
    quote = text[stop : stop + 1] if text[stop : stop + 1] in "\"”»'" else ""
    opening = text[start - 1 : start] if text[max(0, start - 1) : start] in ('"', "“", "«", "„") else ""
    return opening + text[start:stop] + quote, f"{text[:start]} | {text[stop:]}"


def _lead(plain: list[str]) -> int:
    """How many words to take off the beginning."""
    run = 0
    while run < len(plain) and (_is_soft(plain[run]) or plain[run] in _CORE):
        run += 1
    cut = max((n + 1 for n in range(run) if plain[n] in _CORE), default=0)
    if not cut:
        return next((len(verb) for verb in _VERBS if tuple(plain[: len(verb)]) == verb), 0)
    if run == len(plain):
        return run
    return max((n + 1 for n in range(cut, run) if plain[n] in _LEADS_ON), default=cut)


def _tail(plain: list[str], begin: int) -> int:
    """Where the topic ends: before the first core word of the run of soft and core words at the end."""
    run = len(plain)
    while run > begin and (_is_soft(plain[run - 1]) or plain[run - 1] in _TAIL):
        run -= 1
    cores = [n for n in range(run, len(plain)) if plain[n] in _TAIL]
    spans = [n for n in range(run, len(plain)) if re.fullmatch(_UNIT, plain[n]) and n > run]
    first = min([*cores, *(_length_begins(plain, n, run) for n in spans)], default=len(plain))
    while first > run and plain[first - 1] in ("is", "are", "was", "were", "being", "gets", "get", "and"):
        first -= 1
    return first


def _length_begins(plain: list[str], unit: int, run: int) -> int:
    begin = unit
    while begin > run and (_is_number(plain[begin - 1]) or plain[begin - 1] in _SOFT):
        begin -= 1
    return begin


def _is_soft(word: str) -> bool:
    return word in _SOFT or _is_number(word) or bool(re.fullmatch(rf"{_NUMBER}-{_UNIT}|\d+(?:-\d+)?{_UNIT}", word))


def _is_number(word: str) -> bool:
    return word in _NUMBERS or bool(re.fullmatch(r"\d+(?:[.-]\d+)?", word))


def _is_ornament(word: str) -> bool:
    return word in _FILL | _STYLES["hook"] | _STYLES["funny"] and word not in ("in", "from", "with", "for", "of")


def _plain(text: str) -> list[str]:
    return [_key(one.group()) for one in _WORD.finditer(text)]


def _key(word: str) -> str:
    return word.casefold().replace("’", "'").strip(".")


def _style(taken: str) -> str:
    words = set(_plain(taken))
    return next((name for name in ("funny", "hook") if words & _STYLES[name]), "")


# -- How many, how long ------------------------------------------------------------------------------------


def _length(taken: str) -> tuple[float, float, float] | None:
    """(shortest, longest, best) seconds, where a length was named."""
    said = _LENGTH.search(taken)
    if said is None:
        return None
    unit_s = 60.0 if said["unit"].lower().startswith("m") else 1.0
    low = _value(said["low"]) * (0.5 if said["half"] else 1.0) * unit_s
    high = _value(said["high"]) * unit_s if said["high"] else None
    how = (said["how"] or "").lower()
    is_most = bool(re.fullmatch(_UNDER, how)) or bool(re.search(r"or less|max|at most", said.group(), re.I))
    if high is not None:
        found = (min(low, high), max(low, high), (low + high) / 2)
    elif is_most:
        found = (min(_LO_S, low / 2), low, min(_USUAL_S, low * 2 / 3))
    elif re.fullmatch(_OVER, how):
        found = (low, max(_HI_S, 2 * low), max(_USUAL_S, 1.3 * low))
    else:
        found = (0.7 * low, 1.3 * low, low)
    lo_s, hi_s, usual_s = (round(min(LONGEST_S, max(SHORTEST_S, value)), 1) for value in found)
    return lo_s, hi_s, usual_s


def _count(taken: str) -> int | None:
    for said in _COUNT.finditer(_LENGTH.sub(" ", taken)):
        word = said["top"] or said["n"]
        after = _plain(taken[said.end() :])[:1]
        if word.lower() in ("a", "an", "half") or (word.lower() == "one" and after == ["in"]):
            continue
        return int(min(MOST, max(1, _value(word))))
    if re.search(r"\ba couple\b", taken, re.I):
        return 2
    return 1 if _SINGLE.search(taken) else None


def _value(word: str) -> float:
    return float(_NUMBERS[word.lower()]) if word.lower() in _NUMBERS else float(word)
