"""Whom the member follows, and who follows them: a list for programs, and pages to read, from one reading."""

from collections.abc import Iterable
from typing import Any

from exports.formats.offline_pages import escaped
from exports.formats.page_files import Pages, Piece
from exports.formats.posts_json import JsonList, Progress
from exports.formats.rows import in_batches

PERSON = '<li class="person"><a href="{}">{}</a> <time>{}</time></li>\n'


def write_people(people: Iterable[dict[str, Any]], listing: JsonList, pages: Pages, on_batch: Progress) -> int:
    """Write records with `username`, `url` and `since`; return how many. `on_batch` is told each batch's number."""
    written = 0
    for batch in in_batches(people):
        listing.add(batch)
        pages.add(Piece("".join(map(_item, reversed(batch))).encode()))
        pages.turn(len(batch))
        written += len(batch)
        on_batch(len(batch))
    listing.close()
    pages.close()
    return written


def _item(person: dict[str, Any]) -> str:
    address = escaped(person["url"]).replace('"', "&quot;")
    return PERSON.format(address, escaped(person["username"]), person["since"])
