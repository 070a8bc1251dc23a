"""Columns of text, processed without a Python object per row, which makes large archives fast.

A column is joined, changed and encoded as one text, then split again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

SEPARATOR = "\x7f"
"""DEL: neither HTML nor JSON nor CSV escapes it, and hardly any text contains it."""

Texts = str | list[str]
"""A column of texts: joined, or a list if one of them contains the separator."""


@dataclass(frozen=True, slots=True)
class PostColumns:
    """A batch of posts, each column joined. Cheap to send to another process."""

    number: int
    ids: bytes
    timestamps: bytes
    bodies: Texts


def join_texts(texts: Sequence[str]) -> Texts:
    """Return the texts joined, or as a list if one contains a DEL, which is rare and slower."""
    text = SEPARATOR.join(texts)
    return text if text.count(SEPARATOR) == max(0, len(texts) - 1) else list(texts)


def split_texts(texts: Texts) -> list[str]:
    """Return the texts that `join_texts` took."""
    return texts.split(SEPARATOR) if isinstance(texts, str) else texts


def encode_texts(texts: Texts, change: Callable[[str], str | bytes] = str) -> list[bytes]:
    """Return each text in UTF-8 after `change`, which may look at one character at a time and no further.

    So it can have all texts in one, as long as it leaves DEL as it is.
    """
    if isinstance(texts, str):
        return split_column(_bytes(change(texts)))
    return [_bytes(change(text)) for text in texts]


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def split_column(data: bytes) -> list[bytes]:
    """Return the parts of a joined column whose values cannot contain a DEL, such as numbers and times."""
    return data.split(SEPARATOR.encode())


def interleave(*pieces: bytes | Sequence[bytes]) -> bytes:
    """Return the rows one after another; a row is made of the pieces, each a column or the same text in every row.

    >>> interleave([b"1", b"2"], b". ", [b"one", b"two"], b"; ")
    b'1. one; 2. two; '
    """
    columns = [repeat(piece) if isinstance(piece, bytes) else piece for piece in pieces]
    return b"".join(chain.from_iterable(zip(*columns, strict=False)))
