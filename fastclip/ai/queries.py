"""A query as the embedding model reads it: all of it, each word as it stands there, and each word alone.

Three readings, because one vector of everything forgives too much: "a shipwreck on the rocks below the lighthouse" is
near to whatever is about a lighthouse. The words as they stand there are compared with the words that are said (late
interaction, as in ColBERT, arXiv 2004.12832), the words alone with what is talked about.
"""

from dataclasses import dataclass

import numpy

from fastclip.ai import lexical
from fastclip.ai.embed import Embedder, Vectors
from fastclip.ai.lexical import Lexicon


@dataclass(frozen=True)
class Query:
    """vector: of all of it. in_context, alone: of its words that carry meaning; weights: of each, 1 together."""

    vector: Vectors
    in_context: Vectors
    alone: Vectors
    weights: Vectors


def read(topic: str, embedder: Embedder, lexicon: Lexicon) -> Query:
    """lexicon: of the recording's sentences; a word counts the more, the rarer it is there."""
    vectors, [(words, in_context)] = embedder.in_context([topic], lexical.carries_meaning)
    if not words:
        return Query(vectors[0], vectors, vectors, numpy.ones(1))
    weights = numpy.array([lexicon.rarity(lexical.terms(word)[0]) for word in words])
    return Query(vectors[0], in_context, embedder.vectors(words), weights / weights.sum())
