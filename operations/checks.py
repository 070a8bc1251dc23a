"""Checks of the installation: settings, packages, collected files, and this machine."""

import json
import os
import re
import resource
import shutil
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core import checks
from django.utils.translation import gettext as _

from core import maintenance
from core.health import Finding, Status, check, failing, ok, warning
from core.translations import is_stale

FATAL = {"security.W009", "security.W018"}
"""What Django only warns of: a weak SECRET_KEY, and DEBUG on a public site."""

PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)[ ]*(;[^\\\n]*)?", re.MULTILINE)
FEWEST_OPEN_FILES = 1024
FREE_SHARE = 0.1  # of a disk
READABLE_BY_ANYBODY = 0o006


@checks.register(deploy=True)
def check_admins(**_kwargs: Any) -> Iterator[checks.CheckMessage]:
    """Warn if no administrator gets reports of errors."""
    if not settings.ADMINS:
        hint = "Set ADMINS to the addresses (comma-separated) that errors are reported to."
        yield checks.Warning("ADMINS is empty.", hint=hint, id="microblog.W020")


@check("open", unready_from=Status.WARNING)
def is_open() -> Iterator[Finding]:
    """Look whether maintenance has closed the site on this machine; others may be open."""
    if maintenance.is_closed():
        hint = _("When you're done: python manage.py maintenance off, or remove MAINTENANCE from the environment.")
        yield warning(_("The site is closed on this machine."), hint)


@check("settings", deep=True)
def system_checks() -> Iterator[Finding]:
    """Run Django's system checks, with those for deployment unless the site is in development."""
    for message in checks.run_checks(include_deployment_checks=not settings.DEBUG or settings.HTTPS):
        if not message.is_silenced():
            is_fatal = message.is_serious() or message.id in FATAL
            text, hint = " ".join(f"({message.id}) {message.msg}".split()), " ".join((message.hint or "").split())
            yield (failing if is_fatal else warning)(text, hint or "Run manage.py check --deploy.")


@check("packages", deep=True)
def packages() -> Iterator[Finding]:
    """Compare the installed packages with those that requirements.txt pins."""
    if different := list(_differences((settings.BASE_DIR / "requirements.txt").read_text())):
        hint = "Run .venv/bin/python -m pip install --require-hashes -r requirements.txt, then restart."
        yield failing(", ".join(different), hint)


def _differences(lock: str) -> Iterator[str]:
    """Yield what differs. A line with a marker is for some machines only, and may be missing."""
    for name, wanted, marker in PINNED.findall(lock):
        try:
            installed = version(name)
        except PackageNotFoundError:
            if not marker:
                yield f"{name} is missing (locked: {wanted})"
            continue
        if installed != wanted:
            yield f"{name} {installed} (locked: {wanted})"


@check("static files", deep=True, hint="Run manage.py collectstatic --noinput, and restart the web server.")
def static_files() -> Iterator[Finding]:
    """Compare the collected files with those of the code; in development nothing is collected."""
    if not settings.DEBUG:
        collected = json.loads((Path(settings.STATIC_ROOT) / "staticfiles.json").read_text())["paths"]
        found = {path for finder in finders.get_finders() for path, _storage in finder.list([])}
        if missing := found - set(collected):
            hint = "Run manage.py collectstatic --noinput, and restart the web server."
            yield failing(f"{len(missing)} are not collected, such as {min(missing)}", hint)


@check("translations", deep=True)
def translations() -> Iterator[Finding]:
    """Look for translations that were changed and not compiled."""
    sources = [source for folder in settings.LOCALE_PATHS for source in Path(folder).glob("*/LC_MESSAGES/*.po")]
    if stale := sorted(source.parent.parent.name for source in sources if is_stale(source)):
        yield failing(f"not compiled: {', '.join(stale)}", "Run manage.py compile_translations.")


@check("VAR_DIR", deep=True, hint="Give VAR_DIR to the user who runs the site, or set it to another folder.")
def var_dir() -> Iterator[Finding]:
    """Write to VAR_DIR, and look who else may read it."""
    with tempfile.TemporaryFile(dir=settings.VAR_DIR, prefix="doctor-"):
        mode = Path(settings.VAR_DIR).stat().st_mode & 0o777
    text = f"{settings.VAR_DIR} has mode {mode:o}"
    if mode & READABLE_BY_ANYBODY and not settings.DEBUG:
        yield warning(text, f"chmod 750 {settings.VAR_DIR}: it can hold the database and emails.")
    else:
        yield ok(text)


@check("machine", deep=True)
def machine() -> Iterator[Finding]:
    """Look at disks, limits, and the user who runs this."""
    for folder in (settings.VAR_DIR, Path(tempfile.gettempdir())):
        usage = shutil.disk_usage(folder)
        text = f"{usage.free / 1e9:.1f} of {usage.total / 1e9:.1f} GB free for {folder}"
        hint = "Free some space soon, or shorten EXPORT_RETENTION_DAYS (docs/operations.md, StorageNearlyFull)."
        yield warning(text, hint) if usage.free < usage.total * FREE_SHARE else ok(text)
    open_files, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if open_files < FEWEST_OPEN_FILES:
        hint = f"Allow {FEWEST_OPEN_FILES} or more: LimitNOFILE= in systemd, ulimit -n in a shell."
        yield warning(f"{open_files} open files allowed", hint)
    if os.geteuid() == 0 and not settings.DEBUG:
        yield warning("running as root", "Run the site as a user of its own, as in deploy/.")
