"""The texts of an archive as a program reads them from each of its files, by the rules of docs/archive.md."""

import csv
import json
from collections.abc import Iterable
from html.parser import HTMLParser
from io import StringIO
from typing import Any


def post_texts(files: dict[str, bytes]) -> dict[str, list[str]]:
    """Return, for each form that the posts are in, their texts, oldest first."""
    return {
        "posts.json": [post["body"] for post in json.loads(files["posts.json"])["posts"]],
        "posts.csv": [text.removeprefix("'") for _time, text in spreadsheet(files)[1:]],
        "outbox.json": [html_text(note["content"]) for note in notes(files)],
        "pages": page_texts(files, "pages/"),
    }


def message_texts(files: dict[str, bytes]) -> dict[str, list[str]]:
    """Return the same of the messages."""
    return {
        "messages.json": [message["body"] for message in json.loads(files["messages.json"])["messages"]],
        "messages": page_texts(files, "messages/"),
    }


def spreadsheet(files: dict[str, bytes]) -> list[list[str]]:
    text = files["posts.csv"].decode("utf-8-sig")
    return list(csv.reader(StringIO(text, newline=""), strict=True))


def notes(files: dict[str, bytes]) -> list[Any]:
    return [activity["object"] for activity in json.loads(files["outbox.json"])["orderedItems"]]


def page_texts(files: dict[str, bytes], folder: str) -> list[str]:
    pages = sorted((name for name in files if name.startswith(folder)), key=lambda name: (len(name), name))
    return [text for name in pages for text in HtmlReader(files[name].decode()).posts[::-1]]


def html_text(html: str) -> str:
    """Return the text of one paragraph."""
    assert html.startswith("<p>")
    assert html.endswith("</p>")
    return HtmlReader(html).text


class HtmlReader(HTMLParser):
    """A page as a browser parses it: its elements, its text, and the texts of the articles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.posts: list[str] = []
        self.text = ""
        self._in_post = False
        # So HTML begins: https://html.spec.whatwg.org/multipage/parsing.html#preprocessing-the-input-stream
        self.feed(page.replace("\r\n", "\n").replace("\r", "\n"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "br":
            self.handle_data("\n")
        if tag == "p" and ("dir", "auto") in attrs:
            self._in_post = True
            self.posts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_post = self._in_post and tag != "p"

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._in_post:
            self.posts[-1] += data


def tags(elements: Iterable[tuple[str, dict[str, str | None]]]) -> set[str]:
    return {tag for tag, _attributes in elements}
