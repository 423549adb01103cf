"""Measures search over 50,000 segments on SQLite and on PostgreSQL: `python tests/bench/search.py`. Bar: 150 ms."""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from fastclip import transcription

sys.path.insert(0, str(Path(__file__).parents[2]))

from fastclip import search, settings, store, transcripts
from fastclip.media.words import Word
from tests.bench.report import percentile, show
from tests.billing.machine import new_account
from tests.contracts.conftest import a_postgres
from tests.contracts.test_search_contract import add_upload

SEGMENTS, WORDS_EACH, FILES, ROUNDS = 50_000, 9, 50, 20
ASKED = ("w1", "the", "the w7", '"w3 the"', "w12 w40 w3", "rare17", "w", "nothing")


def words() -> Iterator[list[Word]]:
    """What is said in each recording: words as often as in a language, one of them only there."""
    pick = random.Random(4)
    vocabulary = ["the", *(f"w{n}" for n in range(4000))]
    weights = [4000, *(4000 / (n + 1) for n in range(4000))]
    for n in range(FILES):
        texts = pick.choices(vocabulary, weights, k=SEGMENTS // FILES * WORDS_EACH)
        texts[0] = f"rare{n}"
        full = [text.capitalize() + "." * (i % WORDS_EACH == WORDS_EACH - 1) for i, text in enumerate(texts)]
        yield [Word(text, i * 0.3, i * 0.3 + 0.25) for i, text in enumerate(full)]


def measure(name: str, database: str) -> None:
    with tempfile.TemporaryDirectory(prefix="fastclip-bench-") as folder:
        store.open(settings.load(folder, database=database, queue="memory://", secrets="file"))
        account_id = new_account().id
        for said in words():
            transcription.replace(account_id, add_upload(account_id).id, said, duration_s=len(said) * 0.3 + 1)
        count = transcripts.Passage.select().count()
        rows: list[tuple[str, float, float | None]] = []
        for q in ASKED:
            spent = []
            for _ in range(ROUNDS):
                began = time.monotonic()
                found, _ = search.find(account_id, q, limit=20)
                spent.append((time.monotonic() - began) * 1000)
            rows.append((f"{q}: {len(found)} found, median", statistics.median(spent), None))
            rows.append((f"{q}: 95th percentile", percentile(spent, 95), None))
        store.close()
    show(f"Search over {count} segments, {name}", rows, "ms")


def main() -> None:
    measure("SQLite", "")
    with a_postgres() as url:
        with psycopg.connect(url + "postgres", autocommit=True) as admin:
            admin.execute("CREATE DATABASE bench")
        measure("PostgreSQL", url + "bench")


if __name__ == "__main__":
    main()
