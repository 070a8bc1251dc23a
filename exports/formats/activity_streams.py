"""`actor.json` and `outbox.json`: ActivityStreams 2.0, in the shape of a Mastodon archive for the tools that read one.

Sources: https://www.w3.org/TR/activitystreams-core/ and Mastodon's BackupService. Of its entries those are kept
that say something, and those without which a tool that reads its archives stops (tests/exports/readers.py).
"""

from typing import Any

import orjson

from exports.formats.columns import PostColumns, encode_texts, interleave, split_column
from exports.formats.offline_pages import escaped

CONTEXT = [
    "https://www.w3.org/ns/activitystreams",
    {
        "toot": "http://joinmastodon.org/ns#",
        "ostatus": "http://ostatus.org#",
        "conversation": "ostatus:conversation",
        "sensitive": "as:sensitive",
        "Hashtag": "as:Hashtag",
    },
]
OUTBOX_ITEMS = "orderedItems"
EMPTY_COLLECTIONS = ("likes.json", "bookmarks.json")
"""Every Mastodon archive has them; this site has neither likes nor bookmarks."""
PUBLIC = b'"to":["https://www.w3.org/ns/activitystreams#Public"],"cc":[]'
SECONDS = len("2026-11-23T10:00:00")


def outbox_head(total: int) -> dict[str, Any]:
    """Return what stands before the list of posts, its length first: some read no further before they begin."""
    return {"@context": CONTEXT, "id": "outbox.json", "type": "OrderedCollection", "totalItems": total}


def empty_collection(name: str) -> dict[str, Any]:
    """Return the content of a file of `EMPTY_COLLECTIONS`."""
    return {"@context": CONTEXT, "id": name, "type": "OrderedCollection", "orderedItems": []}


def actor(*, url: str, username: str, about_me: str, joined: str) -> dict[str, Any]:
    """Return the member as a Person; `about_me` is text, `joined` ISO 8601."""
    address = identifier(url)
    return {
        "@context": CONTEXT,
        "id": address,
        "type": "Person",
        "preferredUsername": username,
        "name": username,
        "summary": f"<p>{paragraph(about_me)}</p>" if about_me else "",
        "url": address,
        "published": f"{joined[:SECONDS]}Z",
        "inbox": f"{address}/inbox",
        "outbox": "outbox.json",
        "followers": f"{address}/followers",
        "following": f"{address}/following",
        "likes": "likes.json",
        "bookmarks": "bookmarks.json",
        "attachment": [],
        "tag": [],
    }


def identifier(url: str) -> str:
    """Return an address without the slash at its end: readers call a thing by the last part of its id."""
    return url.rstrip("/")


class Activities:
    """Makes a `Create` of a `Note` for each post of one member."""

    def __init__(self, *, actor_url: str, posts_url: str) -> None:
        """Encode what is the same for every post, once; a post's address is `posts_url` and its id."""
        actor, posts = json_text(identifier(actor_url)), json_text(posts_url)
        self._begin = b'{"id":"' + posts
        self._actor = b'/activity","type":"Create","actor":"' + actor + b'","published":"'
        self._note = b'Z",' + PUBLIC + b',"object":{"id":"' + posts
        self._published = b'","type":"Note","summary":null,"inReplyTo":null,"published":"'
        self._url = b'Z","url":"' + posts
        self._conversation = (
            b'","attributedTo":"' + actor + b'",' + PUBLIC + b',"sensitive":false,"conversation":"' + posts
        )
        self._content = b'","content":"<p>'
        self._end = b'</p>","attachment":[],"tag":[]}},'

    def encoded(self, posts: PostColumns) -> memoryview:
        """Return the activities, with commas between them; their times are in whole seconds, as all of Mastodon's."""
        ids, times = split_column(posts.ids), [time[:SECONDS] for time in split_column(posts.timestamps)]
        contents = encode_texts(posts.bodies, lambda text: json_text(paragraph(text)))
        note = (self._note, ids, self._published, times, self._url, ids, self._conversation, ids)
        activities = interleave(self._begin, ids, self._actor, times, *note, self._content, contents, self._end)
        return memoryview(activities)[:-1]


def paragraph(text: str) -> str:
    """Return `text` as the HTML inside a paragraph: a new line is a `br`, as in Mastodon's."""
    return escaped(text).replace("\n", "<br />")


def json_text(text: str) -> bytes:
    """Return `text` as it stands between the quotes of a JSON string."""
    return orjson.dumps(text)[1:-1]
