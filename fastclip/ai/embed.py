"""Meaning as numbers: all-MiniLM-L6-v2 on CTranslate2, loaded once a process. Source: moments.md, "Design" 3.

It runs in the worker's own process, not in a child: it is 24 MB, a batch takes a third of a second, and `tick` is
asked between two of them. Provenance and licence lie beside the model.
"""

import functools
import hashlib
import logging
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy

NAME = "all-MiniLM-L6-v2-ct2-int8"
WIDTH = 384
_INSIDE = Path(__file__).parent.parent / "assets"
FOLDER = (_INSIDE if _INSIDE.is_dir() else Path(__file__).parents[2] / "assets") / "models" / NAME

MAX_TOKENS = 256
_BATCH_TOKENS = 2048
_THREADS = max(1, min(4, os.cpu_count() or 1))

_log = logging.getLogger(__name__)
Vectors = Any
"""float32 array, one unit vector a row."""
Said = tuple[list[str], Vectors]
"""Words, and what each means where it stands."""


class Embedder:
    """model_id: names the bytes of the model. tokens: how many it has read so far."""

    def __init__(self, folder: Path) -> None:
        import ctranslate2
        from tokenizers import Tokenizer

        self.model_id = hashlib.sha256((folder / "model.bin").read_bytes()).hexdigest()[:16]
        self.tokens = 0
        self._encoder = ctranslate2.Encoder(str(folder), compute_type="int8", intra_threads=_THREADS)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._one_at_a_time = threading.Lock()

    def vectors(self, texts: Sequence[str], tick: Callable[[float], None] = lambda done: None) -> Vectors:
        """One unit vector a text. tick: told the fraction done before each batch; what it raises stops the work."""
        return self.in_context(texts, None, tick)[0]

    def in_context(
        self,
        texts: Sequence[str],
        is_wanted: Callable[[str], bool] | None,
        tick: Callable[[float], None] = lambda done: None,
    ) -> tuple[Vectors, list[Said]]:
        """The vectors of the texts, and of each text the wanted words with their own vectors, read at the same time.

        is_wanted: None for no words.
        """
        read = self._tokenizer.encode_batch([_writable(text) for text in texts])
        ids = [one.ids for one in read]
        order = sorted(range(len(ids)), key=lambda n: (len(ids[n]), n))
        found, said = numpy.zeros((len(ids), WIDTH), dtype="float32"), [_NOTHING_SAID] * len(ids)
        whole, done = max(1, sum(map(len, ids))), 0
        for batch in _batches(order, ids):
            tick(done / whole)
            hidden = numpy.asarray(self._encoder.forward_batch([ids[n] for n in batch]).last_hidden_state)
            found[batch] = _units([row[: len(ids[n])].mean(axis=0) for row, n in zip(hidden, batch, strict=True)])
            if is_wanted:
                for row, n in zip(hidden, batch, strict=True):
                    said[n] = _said(texts[n], read[n], row, is_wanted)
            done += sum(len(ids[n]) for n in batch)
        with self._one_at_a_time:
            self.tokens += done
        return found, said


_NOTHING_SAID: Said = ([], numpy.zeros((0, WIDTH), dtype="float32"))


def _said(text: str, read: Any, row: Any, is_wanted: Callable[[str], bool]) -> Said:
    """read: the text as the tokenizer took it apart. row: what the model made of each token."""
    words, vectors = [], []
    for n in range(max((one for one in read.word_ids if one is not None), default=-1) + 1):
        first, last = read.word_to_chars(n)
        if is_wanted(text[first:last]):
            words.append(text[first:last])
            vectors.append(row[slice(*read.word_to_tokens(n))].mean(axis=0))
    return (words, _units(vectors)) if words else _NOTHING_SAID


def _units(rows: list[Any]) -> Vectors:
    stacked = numpy.stack(rows)
    return stacked / (numpy.linalg.norm(stacked, axis=1, keepdims=True) + 1e-12)


def _writable(text: str) -> str:
    """Without halves of characters, which no text can be made of."""
    return text.encode("utf-8", "replace").decode()


def _batches(order: list[int], ids: list[list[int]]) -> list[list[int]]:
    """Of texts by length, as many as fit in a batch when each is as long as the longest."""
    batches: list[list[int]] = []
    for n in order:
        if batches and (len(batches[-1]) + 1) * len(ids[n]) <= _BATCH_TOKENS:
            batches[-1].append(n)
        else:
            batches.append([n])
    return batches


@functools.cache
def _loaded(folder: Path) -> Embedder:
    return Embedder(folder)


def find(folder: Path = FOLDER) -> Embedder | None:
    """The model, None where its files are away or damaged: moments are then found by their words."""
    if not all((folder / name).is_file() for name in ("model.bin", "config.json", "tokenizer.json")):
        return None
    try:
        return _loaded(folder)
    except Exception:  # what CTranslate2 and tokenizers raise has no class of its own
        _log.exception("the embedding model cannot be loaded")
        return None
