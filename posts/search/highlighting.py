"""Highlight the words of a query in a text."""

from collections.abc import Iterator

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from posts.search.query import Query
from posts.search.tokenizer import composed, words_of


def marked(text: str, query: Query) -> SafeString:
    """Return the text as HTML with `<mark>` around each matching word."""
    text = composed(text)
    pieces = []
    end = 0
    for start, stop in _spans(text, query):
        pieces.append(format_html("{}<mark>{}</mark>", text[end:start], text[start:stop]))
        end = stop
    return format_html("{}{}", format_html_join("", "{}", ((piece,) for piece in pieces)), text[end:])


def _spans(text: str, query: Query) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each match; overlapping ones (pairs, a tag and its word) are merged."""
    start = end = 0
    for word in words_of(text):
        if not query.matches(word.text):
            continue
        if word.start > end:
            if end:
                yield start, end
            start = word.start
        end = max(end, word.end)
    if end:
        yield start, end
