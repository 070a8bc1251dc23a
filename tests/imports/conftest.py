"""An import of a format that only tests have: what is tested is what happens to entries, whatever their archive."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from imports.archives.archive import Archive, ArchiveError
from imports.models import Import
from imports.reader import READERS, Entry, Extras, Found, Kind, Reader, Skipped
from imports.reasons import Reason
from imports.services.uploads import import_confirm, import_upload
from microblog_project import environment
from tasks import runner
from tasks.models import Task

MARK = b"handmade\n"


class HandmadeReader(Reader):
    """Reads a line MARK, and then one entry a line, as `handmade` writes them."""

    label = "Handmade"

    @classmethod
    def recognises(cls, archive: Archive) -> bool:
        return archive.is_single and archive.head(archive.names[0]).startswith(MARK)

    def owner(self) -> str:
        return "@susan@elsewhere.example"

    def extras(self) -> Extras:
        return Extras(**self._first().get("extras", {}))

    def _first(self) -> dict[str, Any]:
        with self.archive.open(self.archive.names[0]) as file:
            file.readline()
            return dict(json.loads(file.readline()))

    def entries(self) -> Iterator[Entry]:
        with self.archive.open(self.archive.names[0]) as file:
            for line in list(file)[2:]:
                if line == b"broken\n":
                    raise ArchiveError("damaged", name="handmade.txt", detail="line 3")
                yield entry_from(json.loads(line))


def entry_from(fields: dict[str, Any]) -> Entry:
    if "reason" in fields:
        return Skipped(Reason(fields["reason"]), url=fields.get("url", ""))
    moment = datetime.fromisoformat(fields.pop("at", "2020-05-05T12:00:00+00:00")).astimezone(UTC)
    return Found(written_at=moment, kind=Kind(fields.pop("kind", "public")), **fields)


def handmade(*entries: dict[str, Any] | str, **extras: Any) -> bytes:
    """Return a file of entries: the fields of a post, `{"reason": ...}`, or a line as it is."""
    first = {"extras": extras} if extras else {}
    lines = [entry if isinstance(entry, str) else json.dumps(entry) for entry in (first, *entries)]
    return MARK + "".join(f"{line}\n" for line in lines).encode()


def posts(count: int, **fields: Any) -> list[dict[str, Any]]:
    """Return the fields of so many posts, a minute apart."""
    times = (f"2020-05-05T{n // 60:02}:{n % 60:02}:00+00:00" for n in range(count))
    return [{"source_id": f"id{n}", "body": f"post {n}", "at": at, **fields} for n, at in enumerate(times)]


@pytest.fixture(autouse=True)
def _handmade_is_known() -> Iterator[None]:
    READERS.insert(0, HandmadeReader)
    yield
    READERS.remove(HandmadeReader)


Upload = Callable[..., Import]
StoreIn = Callable[[str, Path], None]


@pytest.fixture
def store_in(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> StoreIn:
    """Return a function that has uploads kept in the bucket at an address or, without one, in a folder."""

    def choose(url: str, folder: Path) -> None:
        settings.STORAGES = {**settings.STORAGES, "imports": environment.exports_storage(url, folder)}
        # A field asks for its storage once, when its model is read.
        monkeypatch.setattr(Import._meta.get_field("file"), "storage", storages["imports"])

    return choose


@pytest.fixture
def upload(susan: User) -> Upload:
    """Return a function that uploads a file for Susan, has it read, and returns the import."""

    def do(content: bytes, name: str = "handmade.txt") -> Import:
        upload, task = import_upload(user=susan, file=SimpleUploadedFile(name, content))
        runner.run(str(task.pk))
        return again(upload)

    return do


def again(upload: Import) -> Import:
    """Return the import as its row is now."""
    return Import.objects.select_related("user").get(pk=upload.pk)


def confirmed(upload: Import, *kinds: str, **choices: Any) -> Task:
    """Confirm the import of public posts and of `kinds`; return its task, which has not run."""
    task = import_confirm(upload, {"kinds": ["public", *kinds], **choices})
    assert task
    return task


def imported(upload: Import, *kinds: str, **choices: Any) -> Import:
    """Confirm the import, and run it."""
    runner.run(str(confirmed(upload, *kinds, **choices).pk))
    return again(upload)
