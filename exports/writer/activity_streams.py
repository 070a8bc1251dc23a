"""`actor.json` and `outbox.json`: ActivityStreams 2.0, in the shape of a Mastodon archive for the tools that read one.

Sources: https://www.w3.org/TR/activitystreams-core/ and Mastodon's BackupService. Of its entries those are kept
that say something, and the lists that the tools which read its archives go through (`attachment`, `tag`).
"""

from typing import Any

import orjson

from exports.writer.offline_pages import escaped
from exports.writer.weaving import JoinedPosts, encoded, split, woven

CONTEXT = "https://www.w3.org/ns/activitystreams"
OUTBOX_HEAD = {"@context": CONTEXT, "id": "outbox.json", "type": "OrderedCollection"}
OUTBOX_ITEMS = "orderedItems"
PUBLIC = b'"to":["https://www.w3.org/ns/activitystreams#Public"]'


def actor(*, url: str, username: str, about_me: str, joined: str) -> dict[str, Any]:
    """Return the member as a Person; `about_me` is text, `joined` ISO 8601."""
    return {
        "@context": CONTEXT,
        "id": url,
        "type": "Person",
        "preferredUsername": username,
        "name": username,
        "summary": f"<p>{paragraph(about_me)}</p>" if about_me else "",
        "url": url,
        "published": joined,
        "outbox": "outbox.json",
        "followers": "followers.json",
        "following": "follows.json",
    }


class Activities:
    """Makes a `Create` of a `Note` for each post of one member."""

    def __init__(self, *, actor_url: str, posts_url: str) -> None:
        """Encode what is the same for every post, once; a post's address is `posts_url`, its id, and a slash."""
        actor, posts = json_text(actor_url), json_text(posts_url)
        self._begin = b'{"id":"' + posts
        self._actor = b'/#create","type":"Create","actor":"' + actor + b'","published":"'
        self._note = b'",' + PUBLIC + b',"object":{"id":"' + posts
        self._published = b'/","type":"Note","summary":null,"published":"'
        self._url = b'","url":"' + posts
        self._content = b'/","attributedTo":"' + actor + b'","sensitive":false,"content":"<p>'
        self._end = b'</p>","attachment":[],"tag":[]}},'

    def encoded(self, posts: JoinedPosts) -> memoryview:
        """Return the activities, with commas between them."""
        ids, timestamps = split(posts.ids), split(posts.timestamps)
        contents = encoded(posts.bodies, lambda text: json_text(paragraph(text)))
        dated_note = (self._note, ids, self._published, timestamps, self._url, ids)
        activities = woven(self._begin, ids, self._actor, timestamps, *dated_note, self._content, contents, self._end)
        return memoryview(activities)[:-1]


def paragraph(text: str) -> str:
    """Return `text` as the HTML inside a paragraph: a new line is a `br`, as in Mastodon's."""
    return escaped(text).replace("\n", "<br />")


def json_text(text: str) -> bytes:
    """Return `text` as it stands between the quotes of a JSON string."""
    return orjson.dumps(text)[1:-1]
