"""Python and the packages, compared with the lock."""

import platform
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from django.conf import settings

from operations.doctor.findings import Finding, fail, ok, warn

OLDEST_PYTHON = (3, 11)
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)[ ]*(;[^\\\n]*)?", re.MULTILINE)
SHOWN = 5  # packages named in a line
REMEDY = "Install the lock: .venv/bin/python -m pip install --require-hashes -r requirements.txt, then restart."


def check_versions() -> Iterator[Finding]:
    """Look at Python, and at each package that the lock pins for every platform."""
    yield _python()
    lock = settings.BASE_DIR / "requirements.txt"
    if not lock.exists():
        yield warn("packages", f"{lock.name} is missing", "Deploy it together with the code.")
        return
    different = list(_differences(lock.read_text()))
    if different:
        more = f", and {len(different) - SHOWN} more" if len(different) > SHOWN else ""
        yield fail("packages", f"{', '.join(different[:SHOWN])}{more}", REMEDY)
    else:
        yield ok("packages", f"as in {lock.name}; Django {version('django')}, RQ {version('rq')}")


def _python() -> Finding:
    if sys.version_info < OLDEST_PYTHON:
        return fail("Python", platform.python_version(), "Install Python 3.11 or newer.")
    return ok("Python", platform.python_version())


def _differences(lock: str) -> Iterator[str]:
    """Yield what is not as locked. A line with a marker is for some machines only, and may be missing."""
    for name, wanted, marker in PINNED.findall(lock):
        try:
            installed = version(name)
        except PackageNotFoundError:
            if not marker:
                yield f"{name} is missing (locked: {wanted})"
            continue
        if installed != wanted:
            yield f"{name} {installed} (locked: {wanted})"
