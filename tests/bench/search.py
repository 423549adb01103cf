"""Measures search over 50,000 segments on SQLite: `python tests/bench/search.py`. Bar: 150 ms for any of these."""

import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from fastclip import search, settings, store, transcripts
from fastclip.media.words import Word
from tests.bench.report import percentile, show
from tests.billing.machine import new_account
from tests.contracts.test_search_contract import add_upload

SEGMENTS, WORDS_EACH, FILES, ROUNDS = 50_000, 9, 50, 20
ASKED = ("w1", "the", "the w7", '"w3 the"', "w12 w40 w3", "rare17", "w", "nothing")


def main() -> None:
    pick = random.Random(4)
    vocabulary = ["the", *(f"w{n}" for n in range(4000))]
    weights = [4000, *(4000 / (n + 1) for n in range(4000))]
    with tempfile.TemporaryDirectory(prefix="fastclip-bench-") as folder:
        store.open(settings.load(folder, queue="memory://", secrets="file"))
        account_id = new_account().id
        for n in range(FILES):
            texts = pick.choices(vocabulary, weights, k=SEGMENTS // FILES * WORDS_EACH)
            texts[0] = f"rare{n}"
            words = [
                Word(t + "." * (i % WORDS_EACH == WORDS_EACH - 1), i * 0.3, i * 0.3 + 0.25) for i, t in enumerate(texts)
            ]
            words = [Word(w.text.capitalize(), w.start_s, w.end_s) for w in words]
            transcripts.replace(account_id, add_upload(account_id).id, words, duration_s=len(words) * 0.3 + 1)
        count = transcripts.Passage.select().count()
        rows = []
        for q in ASKED:
            spent = []
            for _ in range(ROUNDS):
                began = time.monotonic()
                found, _ = search.find(account_id, q, limit=20)
                spent.append((time.monotonic() - began) * 1000)
            rows.append((f"{q}: {len(found)} found, median", statistics.median(spent), None))
            rows.append((f"{q}: 95th percentile", percentile(spent, 95), None))
        store.close()
    show(f"Search over {count} segments", rows, "ms")


if __name__ == "__main__":
    main()
