"""Split texts into words: for the index, for queries, and for highlighting.

Letters are compared without case and accents. Scripts without spaces (Chinese, Japanese, Thai, ...), and Korean with
its endings, are cut into overlapping pairs of characters. A `#tag` is a word, and its parts are words, too.
`posts.search.postgresql` follows the same rules in SQL.
"""

import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from typing import Literal, NamedTuple

import regex

MAX_LENGTH = 64
"""Characters of a word that count: PostgreSQL would reject a post with a longer word."""

ACCENTS = r"\u0300-\u036f"
# Unicode does not class the vowels of these scripts as letters, but words must not be cut there.
VOWELS = (
    r"\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0963"
    r"\u0966-\u096f\u0971-\u0e4e\u0e50-\u0e59\u0e81-\u0f00\u0f18-\u0f39\u0f3e-\u0f84\u0f86-\u0fbc\u1000-\u1049"
    r"\u1050-\u109f\u1780-\u17d3"
)
UNSPACED = (
    r"\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0edf\u1000-\u1049\u1050-\u109f\u1780-\u17d3\u3005\u3041-\u3096\u309d-\u309f"
    r"\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
)

_LETTER = rf"\p{{L}}\p{{Nd}}_{ACCENTS}{VOWELS}"
_RUN = regex.compile(rf"(?P<tag>(?<![#{_LETTER}])#[{_LETTER}]++(?!#))|[{_LETTER}]++")
_PART = regex.compile(rf"(?P<unspaced>[{UNSPACED}]++)|[[{_LETTER}]--[{UNSPACED}]]++", regex.VERSION1)
_PLAIN = regex.compile("[a-z0-9_]++")
_ACCENT = regex.compile(f"[{ACCENTS}]+")
MAX_MARKS = 30
"""The most marks on a letter in any writing (UAX #15, stream-safe text); normalizing thousands takes quadratic time."""
_MANY_MARKS = regex.compile(rf"\p{{M}}{{{MAX_MARKS}}}(?=\p{{M}})")


class Word(NamedTuple):
    """A folded word, and its place in the text."""

    text: str
    start: int
    end: int


class Part(NamedTuple):
    """A tag, a word, or (`unspaced`) several words without spaces between them."""

    text: str
    start: int
    kind: str


def search_words(text: str) -> str:
    """Return the words of a text, separated by spaces, as SQLite indexes it."""
    if text.isascii() and "#" not in text:  # gives the same three times as fast, for most texts
        return " ".join(word[:MAX_LENGTH] for word in _PLAIN.findall(text.lower()))
    return " ".join(word.text for word in words_of(composed(text)))


def composed(text: str) -> str:
    """Return the text in NFC, as `words_of` and `parts_of` expect it."""
    return _normalized("NFC", text)


def _normalized(form: Literal["NFC", "NFD"], text: str) -> str:
    """Return the text in a normal form; at most MAX_MARKS marks in a row are sorted."""
    if len(text) <= MAX_MARKS:  # nearly every word
        return unicodedata.normalize(form, text)
    ends = [match.end() for match in _MANY_MARKS.finditer(text)]
    pieces = (text[start:end] for start, end in pairwise([0, *ends, len(text)]))
    return "".join(unicodedata.normalize(form, piece) for piece in pieces)


def words_of(text: str) -> Iterator[Word]:
    """Yield the words of a composed text."""
    for part in parts_of(text):
        if part.kind == "unspaced":
            for index in range(len(part.text)):
                pair = part.text[index : index + 2]
                yield Word(folded(pair), part.start + index, part.start + index + len(pair))
        elif word := folded(part.text):
            yield Word(word, part.start, part.start + len(part.text))


def parts_of(text: str) -> Iterator[Part]:
    """Yield the parts of a composed text; a tag comes before its own parts."""
    for run in _RUN.finditer(text):
        if run["tag"]:
            yield Part(run[0], run.start(), "tag")
        for part in _PART.finditer(text, *run.span()):
            yield Part(part[0], part.start(), "unspaced" if part["unspaced"] else "word")


def folded(text: str) -> str:
    """Fold a word for comparison: lower case, no accents, one sigma, at most MAX_LENGTH characters."""
    text = text.lower()
    if not text.isascii():
        text = composed(_ACCENT.sub("", _normalized("NFD", text))).replace("\u03c2", "\u03c3")
    return text[:MAX_LENGTH]
