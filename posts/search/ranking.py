"""The order of what was found, by the text alone: the same on every database."""

from collections.abc import Mapping
from typing import NamedTuple

from posts.search.query import Query
from posts.search.tokenizer import search_words

MAX_RANKED_LENGTH = 300
"""In code points: so much of a text is read for its rank. Nearly all are shorter; the longest would take seconds."""


class Rank(NamedTuple):
    """How well a text fits: its words stand together as they were asked for; they are much of what it says."""

    is_together: bool
    share: float


def best_first(texts: Mapping[int, str], query: Query) -> list[int]:
    """Return the ids of the texts, the best first, and the newest of equals."""
    ranks = {pk: _rank(text, query) for pk, text in texts.items()}
    return sorted(ranks, key=lambda pk: (ranks[pk], pk), reverse=True)


def _rank(text: str, query: Query) -> Rank:
    said = f" {search_words(text[:MAX_RANKED_LENGTH])}"
    words = said.split()
    asked = f" {' '.join(term.text for term in query.terms)}"
    return Rank(asked in said, sum(query.matches(word) for word in words) / max(len(words), 1))
