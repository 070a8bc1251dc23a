"""The HTML of other services' posts as plain text: paragraphs, whole links, and names with their host.

It reads one tag after the other and builds no tree: by the HTML standard, 40 kB of misnested tags are a tree of a
gigabyte. Time and memory grow with the length alone. The servers have sanitised this HTML; what is no tag is text.
"""

import re
from collections.abc import Iterable, Mapping
from html import unescape

NEWLINES = dict.fromkeys(["p", "blockquote", "pre", "div", "h1", "h2", "h3", "h4", "h5", "h6", "hr"], 2)
NEWLINES |= dict.fromkeys(["li", "ul", "ol", "tr", "dt", "dd"], 1)
"""How many newlines there are at least before and after a tag, if there is text."""
# The possessive quantifiers keep an unclosed tag from being tried in more than one way.
_TAG = re.compile(r"<(?:[!?][^<>]*+|(/?)([a-zA-Z][a-zA-Z0-9]*+)((?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+))>")
_ATTRIBUTE = re.compile(r"\s(class|href|rel)=(?:\"([^\"]*)\"|'([^']*)')")
_HOST = re.compile(r"https?://([^/?#\s]+)")
_LINES = re.compile(r"[\r\n]+")
_BLANK_LINES = re.compile(r"\n{3,}")


def html_text(html: str, names: Mapping[str, str]) -> str:
    """Return the text of a post; `names` are those of the people mentioned, from `full_names`."""
    text = _Text(names)
    position = 0
    for tag in _TAG.finditer(html):
        text.add(html[position : tag.start()])
        position = tag.end()
        if tag[2]:
            text.tag(tag[2].lower(), tag[3], is_end=bool(tag[1]))
    text.add(html[position:])
    return text.whole()


def full_names(mentions: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return `@user@host` by the address of a person, by `@user@` and the address's host, and by `@user`.

    A mention is an address and a name, which has no host if it is of the author's own server. The link in a text may
    lead to another address of the same person, so one key alone would miss.
    """
    names: dict[str, str] = {}
    for address, name in mentions:
        user, _, host = name.lstrip("@").partition("@")
        local = f"@{user}@{host_of(address)}"
        full = f"@{user}@{host}" if host else local.rstrip("@")
        names |= {address: full, local.lower(): full, f"@{user}".lower(): full}
    return names


def host_of(url: str) -> str:
    """Return the host of an http(s) address, empty if it has none."""
    found = _HOST.match(url)
    return found[1] if found else ""


class _Text:
    """Collects text; newlines wait until more text follows, and so does a link until it ends."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._parts: list[str] = []
        self._newlines = 0
        self._is_code = False
        self._link: str | None = None
        self._link_parts: list[str] = []

    def tag(self, name: str, attributes: str, *, is_end: bool) -> None:
        if name in NEWLINES:
            self._newlines = max(self._newlines, NEWLINES[name])
        elif name == "br":
            self._newlines += 1
        elif name == "a":
            self._end_link()
            self._link = None if is_end else attributes
        if name == "pre":
            self._is_code = not is_end

    def add(self, html: str) -> None:
        if not html:
            return
        if "\n" in html and not self._is_code:
            html = _LINES.sub(" ", html)
            html = html.lstrip(" ") if self._newlines else html
        text = unescape(html)
        if self._link is None:
            self._write(text)
        else:
            self._link_parts.append(text)

    def whole(self) -> str:
        self._end_link()
        return _BLANK_LINES.sub("\n\n", "".join(self._parts)).strip()

    def _end_link(self) -> None:
        if self._link is not None:
            self._write(_link_text(self._link, "".join(self._link_parts), self._names))
            self._link_parts = []

    def _write(self, text: str) -> None:
        if self._newlines:
            if not text.strip() and not self._is_code:
                return
            self._parts.append("\n" * self._newlines)
            self._newlines = 0
        self._parts.append(text)


def _link_text(attributes: str, text: str, names: Mapping[str, str]) -> str:
    values = {name: unescape(quoted or value) for name, quoted, value in _ATTRIBUTE.findall(attributes)}
    classes = values.get("class", "").split()
    # First, because Mastodon's hashtags have the class of mentions as well.
    if "hashtag" in classes or "tag" in values.get("rel", "").split():
        return text
    address = values.get("href", "")
    if "mention" in classes and text.startswith("@"):
        return _full_name(text, address, names)
    host = host_of(address).removeprefix("www.")
    if not host:
        return text or address
    # Mastodon links an address by a part of it, Pleroma's Markdown any words.
    is_address = not text.strip() or text.startswith(("http://", "https://")) or host in text
    return address if is_address else f"{text} ({address})"


def _full_name(name: str, address: str, names: Mapping[str, str]) -> str:
    host = host_of(address)
    if "@" in name[1:] or not host:
        return name
    full = f"{name}@{host}"
    return names.get(address) or names.get(full.lower()) or names.get(name.lower()) or full
