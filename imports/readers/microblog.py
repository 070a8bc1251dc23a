"""Archives of this software: posts.json alone or packed, and the complete archive of every version, repacked too."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from django.conf import settings

from imports.archives.archive import Archive, ArchiveError
from imports.archives.json_stream import json_document, json_head, json_items
from imports.reader import Entry, Extras, Found, Reader, Skipped, register_reader
from imports.reasons import Reason

POSTS = "posts.json"
MANIFEST = "manifest.json"
BEGINNING = re.compile(rb'\s*\{\s*"posts"\s*:\s*\[\s*(\]|\{\s*"(body|timestamp)"\s*:)')
ADDRESS = re.compile(r"https?://[!-~]+")
USERNAME = re.compile(r"[A-Za-z0-9_.-]{1,30}")
PROFILE = ("about_me", "language", "time_zone", "theme")
MAX_PROFILE_TEXT = 1000  # characters; the site's own limits are lower
MAX_PARTS = 100  # of an archive; there are far fewer
MAX_FOLLOWS = 100_000
MAX_HELD = 10_000
"""Ids of one moment that are compared: a hostile file must not fill the memory."""
CHUNK = 256 * 1024  # bytes


@register_reader
class MicroblogReader(Reader):
    """Reads what this software exports."""

    label = "Microblog"
    rank = 10

    @classmethod
    def recognises(cls, archive: Archive) -> bool:
        """Return whether the posts begin as ours do, or a manifest says that they are ours."""
        posts = archive.names[0] if archive.is_single else archive.find(POSTS)
        if posts and BEGINNING.match(json_head(archive, posts)):
            return True
        try:
            return _is_ours(archive, archive.find(MANIFEST))
        except ArchiveError:  # another service's
            return False

    def __init__(self, archive: Archive) -> None:
        super().__init__(archive)
        first = archive.names[0] if archive.is_single else archive.find(POSTS) or archive.find(MANIFEST) or ""
        self._folder = first[: first.rfind("/") + 1]
        self._posts = first if archive.is_single else self._folder + POSTS
        manifest = self._beside(MANIFEST)
        self._manifest = manifest if _is_ours(archive, manifest) else None

    @property
    def source(self) -> str:
        """Return the label, with the site if it is another one."""
        site = self._site()
        return f"{self.label} ({site})"[:100] if site and site != settings.SITE_URL.rstrip("/") else self.label

    def owner(self) -> str:
        """Return the member and the site's host, such as `@ada@social.example`."""
        username = _username(self._said("username")) or _username(self._profile().get("username"))
        host = self._site().partition("://")[2]
        return f"@{username}@{host}"[:255].rstrip("@") if username else ""

    def expected(self) -> int:
        """Return how many posts the manifest counts."""
        count = self._said("counts.posts")
        return count if isinstance(count, int) and 0 < count < 2**31 else 0

    def extras(self) -> Extras:
        """Return the profile's texts, and whom they followed."""
        profile = self._profile()
        texts = {name: profile[name] for name in PROFILE if _is_short_text(profile.get(name))}
        return Extras(texts, list(islice(self._follows(), MAX_FOLLOWS)))

    def is_partial(self) -> bool:
        """Return whether the member left out posts, or those of some dates."""
        return not self._has_posts() or any(
            isinstance(self._said(f"choice.{name}"), str) for name in ("since", "until")
        )

    def entries(self) -> Iterator[Entry]:
        """Yield the posts, the oldest first. Raises ArchiveError if posts.json is not the one of the manifest."""
        if not self._has_posts():
            return
        if self._posts not in self.archive.names:
            raise ArchiveError("damaged", name=POSTS, detail="it is missing")
        if self._manifest:
            self._check_digest(self._manifest)
        ids = PostIds()
        for number, record in enumerate(json_items(self.archive, self._posts, "posts.item"), start=1):
            yield entry_of(record, ids, number, f"post {number}")

    def _has_posts(self) -> bool:
        """Return whether posts are part of the archive, unless its manifest says otherwise."""
        if not self._manifest:
            return True
        parts = list(islice(json_items(self.archive, self._manifest, "choice.parts.item"), MAX_PARTS))
        return not parts or "posts" in parts

    def _check_digest(self, manifest: str) -> None:
        files = json_items(self.archive, manifest, "files.item")
        listed = next((file for file in files if isinstance(file, dict) and file.get("name") == POSTS), {})
        digest = hashlib.sha256()
        with self.archive.open(self._posts) as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
        if listed.get("sha256") != digest.hexdigest():
            raise ArchiveError("wrong_digest", name=POSTS)

    def _site(self) -> str:
        site = self._said("site")
        return site.rstrip("/") if isinstance(site, str) and ADDRESS.fullmatch(site) else ""

    def _said(self, path: str) -> Any:
        """Return a value of the manifest, None without one."""
        return next(json_items(self.archive, self._manifest, path), None) if self._manifest else None

    def _profile(self) -> dict[str, Any]:
        name = self._beside("profile.json")
        profile = json_document(self.archive, name) if name else None
        return profile if isinstance(profile, dict) else {}

    def _follows(self) -> Iterator[str]:
        name = self._beside("follows.json")
        for person in json_items(self.archive, name, "follows.item") if name else ():
            if isinstance(person, dict) and (username := _username(person.get("username"))):
                yield username

    def _beside(self, name: str) -> str | None:
        """Return the name of a file in the folder of the posts, None if there is none."""
        beside = self._folder + name
        return beside if beside in self.archive.names else None


def _is_ours(archive: Archive, manifest: str | None) -> bool:
    return bool(manifest) and next(json_items(archive, str(manifest), "generator"), None) == "Microblog"


def _username(value: Any) -> str:
    return value if isinstance(value, str) and USERNAME.fullmatch(value) else ""


def _is_short_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_PROFILE_TEXT and "\0" not in value


class PostIds:
    """Makes ids of posts, which have none in the file: from the time and the text, and the same in every archive."""

    def __init__(self) -> None:
        self._moment: datetime | None = None
        self._repeats: Counter[str] = Counter()

    def next(self, moment: datetime, body: str) -> str:
        """Return the id of the next post, 32 hexadecimal digits. The same post again gets another one."""
        if moment != self._moment or len(self._repeats) >= MAX_HELD:
            self._repeats.clear()
            self._moment = moment
        text = f"{moment.isoformat().replace('+00:00', 'Z')}\n{body}"
        first = _digits(text)
        self._repeats[first] += 1
        repeats = self._repeats[first]
        return first if repeats == 1 else _digits(f"{text}\0{repeats}")


def _digits(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def entry_of(record: Any, ids: PostIds, order: int, place: str) -> Entry:
    """Return the post of `{"body": text, "timestamp": ISO 8601 with offset}`; `place` says where it stands."""
    body, timestamp = (record.get("body"), record.get("timestamp")) if isinstance(record, dict) else (None, None)
    if not isinstance(body, str) or not isinstance(timestamp, str):
        return Skipped(Reason.UNREADABLE, detail=f"{place}: no body and timestamp")
    moment = _moment(timestamp)
    if not moment:
        detail = f"{place}: timestamp {timestamp[:40]!r}, which should be like 2026-11-23T10:00:00+01:00"
        return Skipped(Reason.UNREADABLE, detail=detail)
    if not body.strip():
        return Skipped(Reason.NO_TEXT, written_at=moment)
    return Found(ids.next(moment, body), moment, body, order=order)


def _moment(text: str) -> datetime | None:
    """Return the moment in UTC, None for what is none or has no offset from UTC."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
