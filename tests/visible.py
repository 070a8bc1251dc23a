"""The visible and spoken text of a page or an email, and the parts that aren't in the pseudo-locale."""

import re
from html.parser import HTMLParser

from development.pseudo_locale import CLOSING, OPENING

READ_ALOUD = {"alt", "aria-description", "aria-label", "aria-roledescription", "label", "placeholder", "title"}
BUTTONS = {"button", "reset", "submit"}
SILENT = {"code", "script", "style"}
# What members wrote stays as they wrote it, and the names of time zones and languages are what they are.
WRITTEN = {"written", "post-author"}
LISTS_OF_NAMES = {"language", "time_zone"}
ADDRESS = re.compile(r"(?<!\S)(?:https?:/)?/\S+")
SENTENCE = re.compile(r"[A-Za-z]{2,} \{?[A-Za-z]{2,}")
PLAIN_WORD = re.compile(r"[A-Za-z]{2,}")
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Reader(HTMLParser):
    """Collects the texts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.attributes: list[str] = []
        self._open: list[tuple[str, bool]] = []

    @property
    def _is_silent(self) -> bool:
        return any(silent for _tag, silent in self._open)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the element's spoken attributes."""
        values = {name: value or "" for name, value in attrs}
        if not self._is_silent:
            self.attributes += [value for name, value in values.items() if is_read(tag, name, value, values)]
        if tag not in VOID:
            self._open.append((tag, is_silent(tag, values)))

    def handle_endtag(self, tag: str) -> None:
        """Leave the element."""
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Note a text."""
        if not self._is_silent:
            self.texts.append(data)


def is_silent(tag: str, values: dict[str, str]) -> bool:
    """Return whether nothing in the element is a text of ours."""
    is_written = not WRITTEN.isdisjoint(values.get("class", "").split())
    is_foreign = "lang" in values and tag != "html"
    return tag in SILENT or is_written or is_foreign or (tag == "select" and values.get("name") in LISTS_OF_NAMES)


def is_read(tag: str, name: str, value: str, values: dict[str, str]) -> bool:
    """Return whether people meet this attribute's value: as it is, or by way of a script."""
    if name.startswith("data-"):
        return OPENING in value or bool(SENTENCE.search(value))
    if tag == "meta" and name == "content":
        return values.get("name") == "description"
    return name in READ_ALOUD or (tag == "input" and name == "value" and values.get("type") in BUTTONS)


def untranslated(page: str, *, data: set[str]) -> list[str]:
    """Return the texts of an HTML page that did not pass through the pseudo-locale; `data` are words that need not."""
    reader = Reader()
    reader.feed(page)
    # One translation can be several text nodes, with elements in between.
    return [text for part in ["\n".join(reader.texts), *reader.attributes] for text in plain_english(part, data=data)]


def plain_english(text: str, *, data: set[str]) -> list[str]:
    """Return the lines with words outside of the brackets, those of `data` aside."""
    outside = []
    depth = 0
    for part in re.split(f"([{OPENING}{CLOSING}])", text):
        if part in {OPENING, CLOSING}:
            depth += 1 if part == OPENING else -1
        elif depth <= 0:
            outside.append(part)
    lines = ADDRESS.sub("", "\n".join(outside)).splitlines()
    return [line.strip() for line in lines if set(PLAIN_WORD.findall(line)) - data]
