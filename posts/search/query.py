"""Parse a search query. Any text is one; characters outside words are ignored."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

from posts.search.tokenizer import composed, folded, parts_of, words_of

MAX_LENGTH = 200
SHORTEST_BEGINNING = 3


@dataclass(frozen=True)
class Term:
    """A word to find, or the beginning of one."""

    text: str
    is_beginning: bool = False


@dataclass(frozen=True)
class Query:
    """The words that must all occur, and the text as typed."""

    typed: str
    terms: tuple[Term, ...]

    @classmethod
    def parse(cls, typed: str) -> Self:
        """Parse a text, cut to MAX_LENGTH characters."""
        typed = composed(" ".join(typed.replace("\x00", " ").split())[:MAX_LENGTH])
        return cls(typed, tuple(dict.fromkeys(_terms(typed))))

    @property
    def starred(self) -> str:
        """Return the text that searches for the beginnings of these words; empty if it would find the same."""
        words = (f"{term.text}*" if len(term.text) >= SHORTEST_BEGINNING else term.text for term in self.terms)
        starred = " ".join(words)
        return starred if Query.parse(starred).terms != self.terms else ""

    @property
    def has_short_beginning(self) -> bool:
        """Return whether a star is ignored because too few letters precede it."""
        ends = (part.start + len(part.text) for part in parts_of(self.typed) if len(part.text) < SHORTEST_BEGINNING)
        return any(self.typed.startswith("*", end) for end in ends)

    def with_beginnings(self) -> "Query":
        """Return a query for the beginnings of these words."""
        return Query(self.typed, tuple(Term(term.text, is_beginning=True) for term in self.terms))

    def matches(self, word: str) -> bool:
        """Return whether the query contains a word, at about the same cost for any number of terms."""
        words, beginnings, lengths = self._lookup
        return word in words or any(word[:length] in beginnings for length in lengths)

    @cached_property
    def _lookup(self) -> tuple[set[str], set[str], set[int]]:
        """Return the whole words, the beginnings of words, and how long those are."""
        words = {term.text for term in self.terms if not term.is_beginning}
        beginnings = {term.text for term in self.terms if term.is_beginning}
        return words, beginnings, {len(text) for text in beginnings}


def _terms(typed: str) -> list[Term]:
    found: list[Term] = []
    tag_end = 0
    for part in parts_of(typed):
        end = part.start + len(part.text)
        if end <= tag_end:  # part of a tag, which is a term already
            continue
        if part.kind == "tag":
            tag_end = end
        if part.kind == "unspaced":
            found += _pairs(part.text)
        elif word := folded(part.text):
            starred = typed.startswith("*", end) and len(word) >= SHORTEST_BEGINNING
            found.append(Term(word, is_beginning=starred))
    return found


def _pairs(text: str) -> list[Term]:
    if len(text) == 1:  # every pair that contains it begins with it, or is it alone at the end
        return [Term(folded(text), is_beginning=True)]
    return [Term(word.text) for word in list(words_of(text))[:-1]]
