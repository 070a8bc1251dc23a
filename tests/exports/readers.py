"""How other programs read a Mastodon archive: their rules, reimplemented as far as they decide what is read.

Each takes the files of an archive by name, and returns the HTML of the posts that it would import, in order; it raises
where the program would stop. What they demand was found in their sources in November 2026.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

import orjson

from tests.exports.archive_texts import HtmlReader

Files = dict[str, bytes]
PUBLIC = {"https://www.w3.org/ns/activitystreams#Public", "as:Public", "Public"}
MASTODON_TIME = "%Y-%m-%dT%H:%M:%SZ"


def slurp(files: Files) -> list[str]:
    """Read as VyrCossont/slurp does, which GoToSocial's documentation names (internal/archive/outbox.go)."""
    actor = read(files, "actor.json")
    for key in ("id", "followers", "outbox", "preferredUsername", "url"):
        assert isinstance(actor[key], str)
    allowed = {*PUBLIC, actor["id"], actor["followers"]}
    notes = [item["object"] for item in items(files) if item["type"] == "Create"]
    visible = [note for note in notes if PUBLIC & {*as_list(note.get("to")), *as_list(note.get("cc"))}]
    return [note["content"] for note in visible if {*as_list(note["to"]), *as_list(note["cc"])} <= allowed]


def sharkey(files: Files) -> list[str]:
    """Read as transfem-org/Sharkey and other forks of Misskey do (ImportNotesProcessorService.ts)."""
    context = read(files, "actor.json")["@context"]
    assert isinstance(context, list)  # else `some` is no function
    assert not any("litepub" in part for part in context if isinstance(part, str))  # a Pleroma archive: other rules
    notes = [item["object"] for item in items(files) if item["type"] == "Create" and item["object"]["type"] == "Note"]
    read_notes = []
    for note in notes:
        datetime.fromisoformat(note["published"])
        assert note["inReplyTo"] is None, "a reply to what is not in the archive is left out"
        assert isinstance(note["sensitive"], bool)
        assert all(attachment["url"] for attachment in note["attachment"])
        assert not any(tag["name"] for tag in note["tag"] if tag["type"] == "Emoji")
        read_notes.append(note["content"])
    return read_notes


def fossilizer(files: Files) -> list[str]:
    """Read as lmorchard/fossilizer does: structures without defaults (src/activitystreams.rs)."""
    actor = read(files, "actor.json")
    names = ["id", "type", "name", "url", "preferredUsername", "summary", "published"]
    for key in (*names, "inbox", "outbox", "followers", "following", "likes", "bookmarks"):
        assert isinstance(actor[key], str), key
    datetime.fromisoformat(actor["published"])
    outbox = read(files, "outbox.json")
    assert outbox["totalItems"] == len(outbox["orderedItems"])
    for item in outbox["orderedItems"]:
        note = item["object"]
        assert all(isinstance(item[key], str) for key in ("id", "type", "actor", "published"))
        assert all(isinstance(note[key], str) for key in ("id", "type", "url", "published", "content"))
        assert all(isinstance(part[key], list) for part in (item, note) for key in ("to", "cc"))
        assert isinstance(note["tag"], list)
    return [item["object"]["content"] for item in outbox["orderedItems"]]


def outbox_to_csv(files: Files) -> list[str]:
    """Read as edsu's gist does, which makes a table of an outbox."""
    columns = ("id", "type", "actor", "published", "to", "cc", "object")
    return [[post[column] for column in columns][-1]["content"] for post in items(files)]


def neodb(files: Files) -> list[str]:
    """Read as NeoDB does: what is public by the object's `to`, or else by the activity's; own notes only."""
    actor = read(files, "actor.json")["id"]
    contents = []
    for item in items(files):
        note = item["object"]
        if item["type"] != "Create" or note["attributedTo"] != actor or note["type"] != "Note":
            continue
        if PUBLIC & set(as_list(note.get("to") or item.get("to"))):
            assert datetime.fromisoformat(note["published"]).tzinfo
            contents.append(note["content"])
    return contents


def marl(files: Files) -> list[str]:
    """Read as s427/MARL does, the viewer (loadData.js, utils.js)."""
    actor, likes, bookmarks = (read(files, f"{name}.json") for name in ("actor", "likes", "bookmarks"))
    assert actor["preferredUsername"]
    assert likes["orderedItems"] == bookmarks["orderedItems"] == []
    contents = []
    for toot in items(files):
        assert "https://www.w3.org/ns/activitystreams#Public" in toot["to"]  # `to.includes`: a list
        assert isinstance(toot["object"]["attachment"], list)
        assert isinstance(toot["object"]["tag"], list)
        contents.append(toot["object"]["content"])
    return contents


def gts_backdated_import(files: Files) -> list[str]:
    """Read as vivlim/gts-backdated-import does (normalize.ts): threads are put together by ids."""
    by_id = {item["object"]["id"]: item["object"] for item in items(files) if PUBLIC & set(item["to"])}
    assert all(note.get("inReplyTo") is None or note["inReplyTo"] in by_id for note in by_id.values())
    return [note["content"] for note in by_id.values()]


def masto2pelican(files: Files) -> list[str]:
    """Read as masto2pelican of PyPI does (_app.py): the last part of an id is the name of a page."""
    outbox = read(files, "outbox.json")
    assert (outbox["id"], outbox["type"]) == ("outbox.json", "OrderedCollection")
    assert isinstance(outbox["totalItems"], int)
    pages = {}
    for activity in outbox["orderedItems"]:
        note = activity["object"]
        assert not note["inReplyTo"]
        title = note["id"].split("/")[-1]
        datetime.fromisoformat(note.get("updated") or note["published"])
        assert [tag["name"] for tag in note["tag"] if tag["type"] == "Hashtag"] == note["attachment"] == []
        pages[PurePosixPath(title).with_suffix(".html")] = note["content"]
    return list(pages.values())


def mitra(files: Files) -> list[str]:
    """Read as mitractl import-posts does: public posts at the top, by the object's audience."""
    notes = [item["object"] for item in items(files) if item["type"] == "Create"]
    public = [note for note in notes if not note.get("inReplyTo") and PUBLIC & set(as_list(note["to"]))]
    return [note["content"] for note in public if datetime.fromisoformat(note["published"])]


def jekyll(files: Files) -> list[str]:
    """Read as Jim Pingle's script for Jekyll does: posts of one actor by address, named by day and first words."""
    mine = read(files, "actor.json")["id"]
    contents = []
    for post in items(files):
        note = post["object"]
        if post["actor"] == note["attributedTo"] == mine and not note.get("inReplyTo"):
            assert datetime.fromisoformat(post["published"]).astimezone()
            assert note["url"].startswith("http")
            contents.append(note["content"])
    return contents


def strict_about_times(files: Files) -> list[str]:
    """Read as the many scripts do that know times in Mastodon's one form only, and call a post by its address' end."""
    names = set()
    for item in items(files):
        for published in (item["published"], item["object"]["published"]):
            datetime.strptime(published, MASTODON_TIME)  # noqa: DTZ007 - so they do
        assert item["id"].removesuffix("/activity") == item["object"]["id"]
        names |= {item["object"][key].rsplit("/", 1)[-1] for key in ("id", "url", "conversation")}
    assert "" not in names
    assert len(names) == len(items(files))
    actor = read(files, "actor.json")
    assert actor["id"].rsplit("/", 1)[-1] == actor["url"].rsplit("/", 1)[-1] == actor["preferredUsername"]
    return [item["object"]["content"] for item in items(files)]


def streaming(files: Files) -> list[str]:
    """Read as a program that holds one item at a time: what it must know stands before the list."""
    head, found, _rest = files["outbox.json"].partition(b'"orderedItems":[')
    assert found
    assert orjson.loads(head.rstrip(b",") + b"}")["totalItems"] == len(items(files))
    return [item["object"]["content"] for item in items(files)]


READERS: list[Callable[[Files], list[str]]] = [
    slurp,
    sharkey,
    fossilizer,
    outbox_to_csv,
    neodb,
    marl,
    gts_backdated_import,
    masto2pelican,
    mitra,
    jekyll,
    strict_about_times,
    streaming,
]


def texts_by(reader: Callable[[Files], list[str]], files: Files) -> list[str]:
    """Return the texts that a reader would import."""
    return [HtmlReader(content).text for content in reader(files)]


def read(files: Files, name: str) -> Any:
    return orjson.loads(files[name])


def items(files: Files) -> list[Any]:
    found: list[Any] = read(files, "outbox.json")["orderedItems"]
    return found


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []
