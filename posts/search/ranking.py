"""Rank search results by their texts, in the same way on every database."""

from collections.abc import Mapping
from typing import NamedTuple

from posts.search.query import Query
from posts.search.tokenizer import search_words

MAX_RANKED_LENGTH = 300
"""Code points of a text that are read for its rank: the longest texts would take seconds."""


class Rank(NamedTuple):
    """How well a text matches: whether the words stand together, and their share of the text."""

    is_together: bool
    share: float


def best_first(texts: Mapping[int, str], query: Query) -> list[int]:
    """Return the ids of the texts, the best first; of equals the newest."""
    ranks = {pk: _rank(text, query) for pk, text in texts.items()}
    return sorted(ranks, key=lambda pk: (ranks[pk], pk), reverse=True)


def _rank(text: str, query: Query) -> Rank:
    said = f" {search_words(text[:MAX_RANKED_LENGTH])}"
    words = said.split()
    asked = f" {' '.join(term.text for term in query.terms)}"
    return Rank(asked in said, sum(query.matches(word) for word in words) / max(len(words), 1))
