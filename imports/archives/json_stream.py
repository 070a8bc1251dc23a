"""JSON of any length, one item at a time: memory for one item, whatever the file holds."""

import codecs
import re
from collections.abc import Iterator
from json import JSONDecoder
from typing import Any, BinaryIO

from imports.archives.archive import HEAD, Archive, ArchiveError

MAX_ITEM = 2 * 1024 * 1024
"""Characters of one item: a hostile one must not fill the memory."""
BUFFER = 64 * 1024
LOOK_AHEAD = 3
"""Characters after a value that tell that it has ended: `1e+5` could be cut after the `1`, the `e` or the `+`."""
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
SPACES = " \t\r\n"
SPACE = re.compile(rf"[{SPACES}]*")
SURROGATES = re.compile(
    r"(\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
"""Escapes of surrogates: a pair as the group, or half of one. An escaped backslash is no such beginning."""
DECODE = JSONDecoder().raw_decode
"""The standard library's decoder says where a value ends, and limits the depth."""


def json_items(archive: Archive, name: str, path: str, *, after: bytes = b"") -> Iterator[Any]:
    """Yield the values at a path such as `posts.item`, where `item` is each item of a list, in a file of the archive.

    The empty path is the whole document. A byte order mark is left out, and so is what comes before and with `after`,
    such as the `=` of a script. Raises ArchiveError, with the place at which the file is no JSON.
    """
    with archive.open(name) as file:
        text = _Text(file, name, after.decode())
        yield from _values(text, path.split(".") if path else [])
        text.end()


def json_document(archive: Archive, name: str, *, after: bytes = b"") -> Any:
    """Return a file's JSON as a whole, as `json_items` reads it. Raises ArchiveError."""
    [document] = json_items(archive, name, "", after=after)
    return document


def json_head(archive: Archive, name: str) -> bytes:
    """Return the beginning of a file as UTF-8 without a byte order mark, to recognise it by."""
    head = archive.head(name)
    if head.startswith(UTF_16):
        return head.decode("utf-16", errors="ignore").encode()
    return head.removeprefix(codecs.BOM_UTF8)


def _values(text: "_Text", path: list[str]) -> Iterator[Any]:
    if not path:
        yield text.value()
    elif path[0] == "item" and text.next() == "[":
        for _place in text.members("[", "]"):
            yield from _values(text, path[1:])
    elif path[0] != "item" and text.next() == "{":
        for _place in text.members("{", "}"):
            key = text.value()
            text.take(":")
            if key == path[0]:
                yield from _values(text, path[1:])
            else:
                _skip(text)
    else:
        _skip(text)


def _skip(text: "_Text") -> None:
    """Pass a value; a list, which can be long, item by item."""
    if text.next() != "[":
        text.value()
        return
    for _place in text.members("[", "]"):
        text.value()


def _mended(source: str) -> Any:
    """Return the value with U+FFFD for halves of surrogate pairs, such as cut texts have: nothing could store them."""
    return DECODE(SURROGATES.sub(lambda found: found[1] or r"\ufffd", source))[0]


class _Text:
    """The text of a file, of which one value after another is taken."""

    def __init__(self, file: BinaryIO, name: str, after: str) -> None:
        self._file, self._name = file, name
        self._passed = 0  # characters before those of `_text`
        self._text, self._at = "", 0
        head = file.read(HEAD)
        self._decoder = codecs.getincrementaldecoder("utf-16" if head.startswith(UTF_16) else "utf-8-sig")()
        self._add(head)
        if after:
            self._at = self._text.find(after) + len(after)
            if self._at < len(after):
                raise ArchiveError("not_json", name=name, detail=f"no {after} at the beginning")

    def next(self) -> str:
        """Go to the next character that is no space, and return it; empty at the end."""
        while True:
            sign = self._text[self._at : self._at + 1]
            if sign and sign not in SPACES:
                return sign
            if space := SPACE.match(self._text, self._at):
                self._at = space.end()
            if self._at == len(self._text) and not self._read():
                return ""

    def take(self, sign: str) -> None:
        """Pass a character, which must be the next."""
        if self.next() != sign:
            raise self._error(f"{sign} expected", self._at)
        self._at += 1

    def members(self, begin: str, end: str) -> Iterator[None]:
        """Go to each member of a list or an object; whoever iterates takes it."""
        self.take(begin)
        is_first = True
        while self.next() != end:
            if not is_first:
                self.take(",")
            yield
            is_first = False
        self._at += 1

    def value(self) -> Any:
        """Take a value as a whole."""
        self.next()
        while True:
            value, end, problem = self._decoded()
            if (problem or len(self._text) - end < LOOK_AHEAD) and self._read():
                continue
            if problem:
                raise self._error(problem, end)
            source, self._at = self._text[self._at : end], end
            return _mended(source) if r"\ud" in source or r"\uD" in source else value

    def end(self) -> None:
        """Check that nothing follows but the end of a script."""
        while self.next() == ";":
            self._at += 1
        if self.next():
            raise self._error("more than one document", self._at)

    def _decoded(self) -> tuple[Any, int, str]:
        """Return the value that begins here and where it ends, or where it is wrong and why."""
        try:
            return *DECODE(self._text, self._at), ""
        except RecursionError as error:
            raise self._error("too many lists inside each other", self._at) from error
        except ValueError as error:  # a JSONDecodeError, or a number of thousands of digits
            return None, getattr(error, "pos", self._at), getattr(error, "msg", str(error))

    def _read(self) -> bool:
        """Read as many characters again, so that a long value is not decoded often; return False at the end."""
        held = len(self._text) - self._at
        if held > MAX_ITEM:
            place = self._passed + self._at
            detail = f"more than {MAX_ITEM} characters from character {place} on"
            raise ArchiveError("too_large_inside", name=self._name, detail=detail)
        content = self._file.read(max(BUFFER, min(held, MAX_ITEM - held)))
        self._add(content)
        return bool(content)

    def _add(self, content: bytes) -> None:
        try:
            more = self._decoder.decode(content, final=not content)
        except UnicodeDecodeError as error:
            place = len(self._text) + len(error.object[: error.start].decode(error.encoding, errors="replace"))
            raise self._error(f"not {error.encoding.upper()}: {error.reason}", place) from error
        if more:
            self._text = self._text[self._at :] + more
            self._passed += self._at
            self._at = 0

    def _error(self, problem: str, at: int) -> ArchiveError:
        detail = f"character {self._passed + at}: {problem}"
        return ArchiveError("not_json", name=self._name, detail=detail)
