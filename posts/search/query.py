"""What somebody looks for. Any text is a query: what is no word says nothing."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

from posts.search.tokenizer import composed, folded, parts_of, words_of

MAX_LENGTH = 200
SHORTEST_BEGINNING = 3


@dataclass(frozen=True)
class Term:
    """A word to be found, or the beginning of one."""

    text: str
    is_beginning: bool = False


@dataclass(frozen=True)
class Query:
    """Words that must all occur, and how they were typed."""

    typed: str
    terms: tuple[Term, ...]

    @classmethod
    def parse(cls, typed: str) -> Self:
        """Return the query that a text is, cut to what may be typed."""
        typed = composed(" ".join(typed.replace("\x00", " ").split())[:MAX_LENGTH])
        return cls(typed, tuple(dict.fromkeys(_terms(typed))))

    @property
    def starred(self) -> str:
        """Return what to type for the beginnings of the same words; nothing where that would be the same."""
        words = (f"{term.text}*" if len(term.text) >= SHORTEST_BEGINNING else term.text for term in self.terms)
        starred = " ".join(words)
        return starred if Query.parse(starred).terms != self.terms else ""

    @property
    def has_short_beginning(self) -> bool:
        """Return whether a star follows fewer letters than it takes, and so is ignored."""
        ends = (part.start + len(part.text) for part in parts_of(self.typed) if len(part.text) < SHORTEST_BEGINNING)
        return any(self.typed.startswith("*", end) for end in ends)

    def with_beginnings(self) -> "Query":
        """Return the query that is content with the beginnings of words."""
        return Query(self.typed, tuple(Term(term.text, is_beginning=True) for term in self.terms))

    def matches(self, word: str) -> bool:
        """Return whether a word is one of those looked for, in a time that hardly depends on how many they are."""
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
        if end <= tag_end:  # a part of the tag, which is stricter
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
    if len(text) == 1:  # each of its pairs begins with it, or is it alone at an end
        return [Term(folded(text), is_beginning=True)]
    return [Term(word.text) for word in list(words_of(text))[:-1]]
