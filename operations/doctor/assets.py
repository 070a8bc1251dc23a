"""What is made from the code before it serves: collected static files, compiled translations."""

import json
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders

from core.translations import is_stale
from operations.doctor.configuration import is_production
from operations.doctor.findings import Finding, fail, ok

COLLECT = "Run manage.py collectstatic --noinput, and restart the web server."


def check_assets() -> Iterator[Finding]:
    """Look at what a deployment has to make."""
    if is_production():
        yield _static_files()
    yield _translations()


def _static_files() -> Finding:
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    try:
        collected = json.loads(manifest.read_text())["paths"]
    except (OSError, ValueError, KeyError):
        return fail("static files", f"{settings.STATIC_ROOT} is empty or incomplete", COLLECT)
    there = {path for finder in finders.get_finders() for path, _storage in finder.list([])}
    if missing := there - set(collected):
        return fail("static files", f"{len(missing)} are not collected, such as {min(missing)}", COLLECT)
    return ok("static files", f"{len(collected)} collected")


def _translations() -> Finding:
    sources = [source for folder in settings.LOCALE_PATHS for source in Path(folder).glob("*/LC_MESSAGES/*.po")]
    if stale := [source.parent.parent.name for source in sources if is_stale(source)]:
        return fail("translations", f"not compiled: {', '.join(sorted(stale))}", "Run manage.py compile_translations.")
    return ok("translations", f"{len(sources)} compiled")
