"""What a transcript is about, sentence by sentence: vectors made once and kept, so that a query costs its own words.

Source: moments.md, "Design" 3. A kept index is an .npz named by the words and the model, float16, and bytes for the
vectors of single words; fresh ones are rounded the same way, so that both answer alike to the last bit.
"""

import functools
import hashlib
import os
import threading
import uuid
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy

from fastclip.ai import lexical, sentences
from fastclip.ai.embed import WIDTH, Embedder
from fastclip.ai.lexical import Lexicon
from fastclip.ai.sentences import Sentence
from fastclip.media.words import Word

SIZES = (40, 80, 160)
"""Words of the chunks that are read as a whole."""
FAST_FROM_WORDS = 60_000
"""A transcript of so many words gets the means of its sentences instead of chunks: five times less work."""
_AROUND = 5
_FORM = "2"
_FINE = 400
"""Of the bytes that words are kept in: no number of a word's vector was above 0.31, and none is kept above 0.32."""
_RECENT = 4
_FEW = 50
"""Sentences: of so many, the middle is believed by half."""

_recent: "OrderedDict[str, Index]" = OrderedDict()
"""The last few, ready to be asked again."""
_lock = threading.Lock()


@dataclass
class Index:
    """vectors: of each sentence, None without a model. chunks, chunk_vectors: by their size in words.

    word_vectors: of each word that carries meaning, as it is meant there, in bytes; word_counts: how many a sentence.
    """

    sentences: list[Sentence]
    vectors: Any
    chunks: dict[int, list[tuple[int, int]]]
    chunk_vectors: dict[int, Any]
    word_vectors: Any
    word_counts: Any

    def __post_init__(self) -> None:
        self.start_s = numpy.array([one.start_s for one in self.sentences])
        self.end_s = numpy.array([one.end_s for one in self.sentences])
        self.gap_after_s = numpy.array([one.gap_s for one in self.sentences])
        self.gap_before_s = numpy.r_[sentences.FAR_S, self.gap_after_s[:-1]]
        self.duration_s = self.end_s - self.start_s
        self.leans_back = numpy.array([one.leans_back for one in self.sentences], dtype=bool)

    def __len__(self) -> int:
        return len(self.sentences)

    @functools.cached_property
    def words(self) -> int:
        return sum(one.words for one in self.sentences)

    @property
    def words_per_minute(self) -> float:
        """While somebody speaks: silence between sentences does not count."""
        return self.words / max(1.0, float(self.duration_s.sum())) * 60

    @functools.cached_property
    def sums(self) -> Any:
        """Running sums of the vectors, longer sentences heavier: the vector of any span is one subtraction."""
        return numpy.vstack([numpy.zeros((1, WIDTH)), numpy.cumsum(self.vectors * self._weights[:, None], axis=0)])

    @functools.cached_property
    def _weights(self) -> Any:
        return numpy.sqrt([one.words for one in self.sentences])

    @functools.cached_property
    def middle(self) -> Any:
        """What all of it is about: the mean vector, nearer to nothing the less there is to tell it by."""
        return self.sums[-1] / self._weights.sum() * (len(self) / (len(self) + _FEW))

    def apart(self, first: int, last: int) -> Any:
        """What the sentences [first, last) say that the rest does not: their sum, as seen from the middle."""
        return self.sums[last] - self.sums[first] - self._weights[first:last].sum() * self.middle

    def nearness(self, words: Any) -> Any:
        """(words, sentences): the best cosine of each to a word that is said there, 0 where none is."""
        cosines = words @ (self.word_vectors.astype("float32") / _FINE).T
        found = numpy.zeros((len(words), len(self)))
        spoken = numpy.flatnonzero(self.word_counts)
        if len(spoken):
            starts = numpy.cumsum(self.word_counts)[spoken] - self.word_counts[spoken]
            found[:, spoken] = numpy.maximum.reduceat(cosines, starts, axis=1)
        return found

    @functools.cached_property
    def shift(self) -> Any:
        """How much the subject changes at each of the len + 1 boundaries, in standard deviations."""
        count = len(self)
        if self.vectors is None:
            found = lexical.shifts(self.terms, block=_AROUND)
        else:
            k = numpy.arange(1, count)
            before = self.sums[k] - self.sums[numpy.maximum(0, k - _AROUND)]
            after = self.sums[numpy.minimum(count, k + _AROUND)] - self.sums[k]
            sizes = numpy.linalg.norm(before, axis=1) * numpy.linalg.norm(after, axis=1)
            found = numpy.zeros(count + 1)
            found[1:count] = 1 - (before * after).sum(axis=1) / (sizes + 1e-9)
        found[0] = found[count] = found[1:count].max() if count > 1 else 1.0
        return standard(found)

    @functools.cached_property
    def terms(self) -> list[list[str]]:
        return [lexical.terms(one.text) for one in self.sentences]

    @functools.cached_property
    def lexicon(self) -> Lexicon:
        """Of the sentences."""
        return Lexicon(self.terms)

    def chunk_lexicon(self, size: int) -> Lexicon:
        return self._chunk_lexicons[size]

    @functools.cached_property
    def _chunk_lexicons(self) -> dict[int, Lexicon]:
        return {
            size: Lexicon([[term for one in self.terms[a:b] for term in one] for a, b in chunks])
            for size, chunks in self.chunks.items()
        }

    def spread(self, size: int, values: Any) -> Any:
        """Values of the chunks of a size, as the mean over those that each sentence lies in."""
        total, times = numpy.zeros(len(self)), numpy.zeros(len(self))
        for (first, last), value in zip(self.chunks[size], values, strict=True):
            total[first:last] += value
            times[first:last] += 1
        return total / numpy.maximum(times, 1)

    def spread_best(self, size: int, values: Any) -> Any:
        """The same, as the best of them."""
        best = numpy.full(len(self), -9.0)
        for (first, last), value in zip(self.chunks[size], values, strict=True):
            best[first:last] = numpy.maximum(best[first:last], value)
        return best


def standard(values: Any) -> Any:
    """In standard deviations from the mean."""
    return (values - values.mean()) / (values.std() + 1e-9)


# -- Making ------------------------------------------------------------------------------------------------


def of(
    words: Sequence[Word],
    embedder: Embedder | None,
    *,
    cache: Path | None = None,
    tick: Callable[[float], None] = lambda done: None,
) -> Index:
    """The index of a transcript, from the cache where it was made before.

    words: in order. embedder: None for an index of words alone. What `tick` raises stops it.
    """
    name = _name(words, embedder)
    with _lock:
        if name in _recent:
            _recent.move_to_end(name)
            return _recent[name]
    made = _made(words, embedder, cache / f"{name}.npz" if cache else None, tick)
    with _lock:
        _recent[name] = made
        while len(_recent) > _RECENT:
            _recent.popitem(last=False)
    return made


def _made(words: Sequence[Word], embedder: Embedder | None, kept: Path | None, tick: Callable[[float], None]) -> Index:
    read = sentences.read(words)
    chunks = {size: _chunks([one.words for one in read], size) for size in SIZES}
    if embedder is None or not read:
        return Index(read, None, chunks, {}, None, None)
    found = _load(kept, len(read), chunks) if kept else None
    if found is None:
        found = _embedded(read, chunks, embedder, tick)
        if kept:
            _save(kept, found)
    vectors = {key: array.astype("float32") for key, array in found.items() if array.dtype == "float16"}
    chunk_vectors = {size: vectors[f"chunks{size}"] for size in SIZES}
    return Index(read, vectors["sentences"], chunks, chunk_vectors, found["words"], found["word_counts"])


def _chunks(counts: list[int], size: int) -> list[tuple[int, int]]:
    """[first, last) of runs of sentences with about `size` words, each beginning in the middle of the one before."""
    runs: list[tuple[int, int]] = []
    first = 0
    while first < len(counts):
        last, held = first, 0
        while last < len(counts) and (held == 0 or held + counts[last] <= size):
            held += counts[last]
            last += 1
        runs.append((first, last))
        if last >= len(counts):
            break
        middle, half = first, 0.0
        while middle < last and half < held / 2:
            half += counts[middle]
            middle += 1
        first = max(first + 1, middle)
    return runs


def _embedded(
    read: list[Sentence], chunks: dict[int, list[tuple[int, int]]], embedder: Embedder, tick: Callable[[float], None]
) -> dict[str, Any]:
    texts = [one.text for one in read]
    is_fast = sum(one.words for one in read) >= FAST_FROM_WORDS
    share = 1.0 if is_fast else 0.25  # each size of chunks reads about twice the words of the sentences
    vectors, said = embedder.in_context(texts, lexical.carries_meaning, lambda done: tick(done * share))
    found = {"sentences": vectors}
    weights = numpy.sqrt([one.words for one in read])[:, None]
    for n, size in enumerate(SIZES):
        if is_fast:
            means = numpy.stack([(found["sentences"] * weights)[a:b].sum(axis=0) for a, b in chunks[size]])
            found[f"chunks{size}"] = means / (numpy.linalg.norm(means, axis=1, keepdims=True) + 1e-12)
            continue
        joined = [" ".join(texts[a:b]) for a, b in chunks[size]]
        found[f"chunks{size}"] = embedder.vectors(joined, _part(tick, n + 1, 4))
    words = numpy.concatenate([(one * _FINE).round().clip(-127, 127).astype("int8") for _, one in said])
    kept = {name: array.astype("float16") for name, array in found.items()}
    return kept | {"words": words, "word_counts": numpy.array([len(one) for one, _ in said], dtype="int32")}


def _part(tick: Callable[[float], None], n: int, of: int) -> Callable[[float], None]:
    return lambda done: tick((n + done) / of)


# -- Keeping -----------------------------------------------------------------------------------------------


def _name(words: Sequence[Word], embedder: Embedder | None) -> str:
    """What the words and the model are called together."""
    head = f"{_FORM}/{embedder.model_id if embedder else 'words'}"
    said = "\0".join(f"{word.text}\0{word.start_s!r}\0{word.end_s!r}" for word in words)
    return hashlib.sha256(f"{head}\0{said}".encode("utf-8", "surrogatepass")).hexdigest()[:40]


def _load(path: Path, count: int, chunks: dict[int, list[tuple[int, int]]]) -> dict[str, Any] | None:
    try:
        with numpy.load(path) as file:
            found = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return None  # not made yet, or damaged: then it is made again
    counts = found.pop("word_counts", numpy.zeros(0, dtype="int32"))
    wanted = {"sentences": count, "words": int(counts.sum())}
    wanted |= {f"chunks{size}": len(runs) for size, runs in chunks.items()}
    shapes = {name: (n, WIDTH) for name, n in wanted.items()}
    if counts.shape != (count,) or {name: array.shape for name, array in found.items()} != shapes:
        return None
    found["word_counts"] = counts
    os.utime(path)
    return found


def _save(path: Path, arrays: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.stem}.{uuid.uuid4().hex}.part.npz")
    try:
        numpy.savez(part, **arrays)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
