"""Measures moments against rivals, and how long three hours take: `python tests/bench/moments.py`.

Five hours of talk written for the project: 30, 37 and three times 38 planted passages, each asked for by its own words
and by others, and a hundred absent queries each. Things were tried out on the first four, on the essays first and on
the podcast last; the market is held out, and tells what to expect of a recording that nobody has seen. Another hour in
the same form is measured alone by naming it and its absent queries: `... moments.py TEXT.txt ABSENT.txt`. The bars are
those of moments.md, "What it must reach".
"""

import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from fastclip.ai import confidence, embed, index, moments
from fastclip.media.words import Word
from tests.ai import rivals
from tests.ai.talk import HOUR_S, WRAPPERS, Talk, absent, classroom, interviews, market, misheard, podcast, spoken, talk

HOURS = 3
THREE_HOURS_WORDS = 35_000


def main() -> None:
    embedder = embed.find()
    assert embedder
    if len(sys.argv) == 3:
        text, absentees = (Path(one).read_text("utf-8") for one in sys.argv[1:])
        return _measured(Path(sys.argv[1]).stem, spoken(text, HOUR_S), absentees.splitlines(), embedder)
    _measured("Essays", talk(), absent(), embedder)
    _measured("Interviews", interviews(), absent("interviews_absent.txt"), embedder)
    _measured("Classroom", classroom(), absent("classroom_absent.txt"), embedder)
    _measured("Podcast", podcast(), absent("podcast_absent.txt"), embedder)
    _measured("Market (held out)", market(), absent("market_absent.txt"), embedder)
    _three_hours(talk(), embedder)


def _measured(name: str, hour: Talk, absentees: list[str], embedder: embed.Embedder) -> None:
    _found(name, hour, embedder)
    _sureness(hour, absentees, embedder)
    _wrapped(hour, embedder)


def _found(name: str, hour: Talk, embedder: embed.Embedder) -> None:
    print(f"\n{name}. Found, of {len(hour.planted)} queries each: topic | reworded")
    print(f"  {'':<40}{'R1@.3':>7}{'R1@.5':>7}{'R5@.3':>7}{'R5@.5':>7}   | the same")
    searches = {
        "moments": rivals.ours(hour, embedder),
        "moments, only those that are given": rivals.ours(hour, embedder, all_considered=False),
        "moments without the model (BM25)": rivals.ours(hour, None),
        "MiniLM, windows of 30 s": rivals.meaning_windows(hour, embedder),
        "BM25, windows of 30 s": rivals.word_windows(hour),
    }
    searches |= {f"TextTiling above {a} sd": rivals.tiles(hour, embedder, above=a) for a in (0.0, 0.5, 1.0, 1.5)}
    poor = replace(hour, words=misheard(hour.words, share=0.4))
    searches["moments, 40 % of the words wrong"] = rivals.ours(poor, embedder)
    for name, search in searches.items():
        print(f"  {name:<40}{_line(search, hour.queries)}   | {_line(search, hour.reworded)}")


def _line(search: rivals.Search, queries: list) -> str:
    measures = ((1, 0.3), (1, 0.5), (5, 0.3), (5, 0.5))
    return "".join(f"{rivals.recall(search, queries, first=k, at_least=a):7.1%}" for k, a in measures)


def _wrapped(hour: Talk, embedder: embed.Embedder) -> None:
    print("\nWith an instruction around 40 of the queries: R1@.5, R5@.5")
    some = hour.queries[:20] + hour.reworded[:20]
    for wrapper in ("{}", *WRAPPERS):
        search = rivals.ours(hour, embedder)
        asked = [(wrapper.format(query), passage) for query, passage in some]
        one, five = (rivals.recall(search, asked, first=k, at_least=0.5) for k in (1, 5))
        print(f"  {wrapper:<86}{one:7.1%}{five:7.1%}")


def _sureness(hour: Talk, absentees: list[str], embedder: embed.Embedder) -> None:
    tops, judged, kept = [], [], []
    for query in absentees:
        found = moments.find(hour.words, query, duration_s=hour.duration_s, embedder=embedder).candidates
        tops.append(found[0].confidence)
        judged += rivals.judged(found[:5], None)
    for query, passage in hour.queries + hour.reworded:
        found = moments.find(hour.words, query, duration_s=hour.duration_s, embedder=embedder).candidates
        top = rivals.judged(found[:1], passage)[0]
        kept += [top[0] >= confidence.SURE] if top[1] else []
        judged += rivals.judged(found[:5], passage)
    refused = sum(top < confidence.SURE for top in tops) / len(tops)
    said = rivals.calibration(judged)
    print(f"\nAbsent queries whose best is below {confidence.SURE}: {refused:.1%} (bar 85 %)")
    print(f"Right best moments that are kept: {sum(kept) / len(kept):.1%} of {len(kept)} (bar 93 %)")
    print(f"Confidence over {said.count}: ECE {said.ece:.3f}, Brier {said.brier:.3f}, AUC {said.auc:.3f}")


def _three_hours(hour: Talk, embedder: embed.Embedder) -> None:
    words, at_s = [], 0.0
    while len(words) < THREE_HOURS_WORDS:
        words += [Word(w.text, w.start_s * 0.6 + at_s, w.end_s * 0.6 + at_s) for w in hour.words]
        at_s = words[-1].end_s + 1
    words = words[:THREE_HOURS_WORDS]
    print(f"\n{len(words)} words, {words[-1].end_s / 3600:.1f} h")
    with tempfile.TemporaryDirectory(prefix="fastclip-bench-") as folder:
        for name, fast_from in (("full index and first query", index.FAST_FROM_WORDS), ("fast index", 1)):
            index.FAST_FROM_WORDS = fast_from
            cache = Path(folder) / name
            _timed(name, words, "the whale", embedder, cache)
            index._recent.clear()
            _timed("  second query, index from its file", words, "the violin", embedder, cache)
            _timed("  third query, index in memory", words, "the blacksmith", embedder, cache)
            index._recent.clear()
    print(f"  most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB (bar 400)")


def _timed(name: str, words: list[Word], query: str, embedder: embed.Embedder, cache: Path) -> None:
    began, cpu, tokens = time.monotonic(), time.process_time(), embedder.tokens
    moments.find(words, query, duration_s=words[-1].end_s + 1, embedder=embedder, cache=cache)
    spent, worked = time.monotonic() - began, time.process_time() - cpu
    print(f"  {name:<40}{spent:7.2f} s, {worked:6.2f} CPU-s, {embedder.tokens - tokens} tokens read")


if __name__ == "__main__":
    main()
