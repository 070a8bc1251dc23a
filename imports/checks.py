"""Health checks of imports: the storage of uploaded files."""

from collections.abc import Iterator

from core.health import Finding, check, failing, ok
from core.storage_probe import PROBE_HINT, storage_probe
from imports.models import Import, imports_storage

NEWEST_CHECKED = 20  # files


@check("upload storage", deep=True, hint=PROBE_HINT)
def upload_storage() -> Iterator[Finding]:
    """Write, read and delete a probe, and check who else may read the folder."""
    yield from storage_probe(imports_storage())


@check("uploaded files", deep=True)
def uploaded_files() -> Iterator[Finding]:
    """Check that the newest uploads have their files."""
    names = Import.objects.exclude(file="").values_list("file", flat=True)[:NEWEST_CHECKED]
    there = [imports_storage().exists(name) for name in names]
    text = f"{sum(there)} of the newest {len(there)} are in the storage"
    if all(there):
        yield ok(text)
    else:
        hint = "Check that web servers and workers share this storage: compare EXPORT_STORAGE_URL and VAR_DIR."
        yield failing(text, hint)
