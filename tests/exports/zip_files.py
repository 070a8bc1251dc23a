"""Archives as bytes, made without a database: valid ones and malicious ones."""

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from accounts.member_data import MEMBER_DATA
from development.embedded_server import BASE_DIR
from exports.choice import EVERYTHING, ArchiveChoice
from exports.formats.archive import Source, write_archive
from exports.formats.messages import Conversation, Message
from exports.formats.record_lists import RecordList
from exports.formats.rows import Batch, in_batches
from exports.formats.zip_file import DigestingFile, ZipWriter

MOMENT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
SITE = "http://localhost:8000"
TIME = "2026-01-01T12:00:00Z"


def person(username: str) -> dict[str, str]:
    return {"username": username, "url": f"{SITE}/user/{username}/", "since": TIME}


PostRow = tuple[str, str, int]
"""A post's body, time and id."""


def batches_of(rows: Iterable[tuple[Any, ...]]) -> Iterator[Batch]:
    """Yield the rows, (body, time) or (body, time, id), in batches."""
    for batch in in_batches(rows):
        yield Batch(*zip(*batch, strict=True))


def rows(*bodies: str) -> list[PostRow]:
    return [(body, TIME, number) for number, body in enumerate(bodies, start=1)]


def source(
    posts: Iterable[PostRow],
    messages: Iterable[Message] = (),
    *,
    expected: int | None = None,
    choice: ArchiveChoice = EVERYTHING,
    **profile: Any,
) -> Source:
    posts = posts if expected is not None else list(posts)
    messages = list(messages)
    return Source(
        site_url=SITE,
        member_url=f"{SITE}/user/susan/",
        snapshot_at=MOMENT,
        choice=choice,
        lists=[RecordList(data.file(), data.name, [], data.table) for data in MEMBER_DATA if data.part in choice.parts],
        profile={
            "username": "susan",
            "first_name": "",
            "last_name": "",
            "email": "susan@example.com",
            "about_me": "Reads.",
            "url": f"{SITE}/user/susan/",
            "language": "es",
            "browser_language": "es",
            "time_zone": "Europe/Madrid",
            "browser_time_zone": "",
            "theme": "",
            "joined": TIME,
            "last_sign_in": None,
            "last_seen": None,
            "deletion_due": None,
            "is_staff": False,
            "is_superuser": False,
            "roles": [],
            "permissions": [],
            **profile,
        },
        posts=batches_of(posts),
        follows=[person("john"), person("mary")],
        followers=[person("john")],
        messages=messages,
        conversations=conversations(messages),
        expected={"posts": len(list(posts)) if expected is None else expected, "follows": 2, "followers": 1},
    )


def conversations(messages: list[Message]) -> list[Conversation]:
    """Return susan's conversations, the one with the newest message first."""
    partners = [({message.sender, message.recipient} - {"susan"}).pop() for message in reversed(messages)]
    return [
        Conversation(partner, len(between), between)
        for partner in dict.fromkeys(partners)
        if (between := [message for message in messages if partner in {message.sender, message.recipient}])
    ]


def archive_bytes(
    posts: list[PostRow], messages: Iterable[Message] = (), *, choice: ArchiveChoice = EVERYTHING, **profile: Any
) -> bytes:
    """Return a whole archive of these posts and messages, without the parts that were not chosen."""
    output = BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        write_archive(source(posts, messages, choice=choice, **profile), DigestingFile(output), Path(folder))
    return output.getvalue()


def content_counts(counts: dict[str, int]) -> dict[str, int]:
    """Return the counts of what people wrote and whom they follow, without those of the account's records."""
    return {name: counts[name] for name in ("posts", "follows", "followers", "messages", "skipped") if name in counts}


def files_in(archive: bytes) -> dict[str, bytes]:
    with ZipFile(BytesIO(archive)) as container:
        return {name: container.read(name) for name in container.namelist()}


def older_archive(version: int) -> bytes:
    """Return an archive as the release wrote it that had this version of the format: five posts, and messages in 2."""
    return (BASE_DIR / f"tests/data/archives/version-{version}.zip").read_bytes()


def packed(files: dict[str, bytes]) -> bytes:
    """Return a sealed ZIP of these files, as they are."""
    output = BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        container = ZipWriter(DigestingFile(output), Path(folder), MOMENT)
        for name, content in files.items():
            container.add_bytes(name, content)
        container.close()
    return output.getvalue()


def repacked(archive: bytes, **changes: bytes | Callable[[bytes], bytes]) -> bytes:
    """Return the archive with some files changed (`posts_json=...`), and a manifest that agrees with them."""
    files = files_in(archive)
    for argument, change in changes.items():
        name = next(name for name in files if name.replace(".", "_").replace("/", "_") == argument)
        files[name] = change(files[name]) if callable(change) else change
    return packed(with_manifest(files))


def with_manifest(files: dict[str, bytes], /, **changes: Any) -> dict[str, bytes]:
    """Return the files with a regenerated manifest, and its entries changed."""
    manifest = json.loads(files["manifest.json"])
    others = {name: content for name, content in files.items() if name != "manifest.json"}
    manifest["files"] = [
        {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in others.items()
    ]
    return {**others, "manifest.json": json.dumps({**manifest, **changes}).encode()}


def zipped(files: Iterable[tuple[str, bytes]], compression: int = ZIP_DEFLATED) -> bytes:
    """Return a ZIP as other programs make them."""
    output = BytesIO()
    with ZipFile(output, "w", compression) as container:
        for name, content in files:
            container.writestr(name, content)
    return output.getvalue()
