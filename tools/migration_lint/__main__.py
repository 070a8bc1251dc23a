"""Judges the migrations that the previous release does not have; exits with 1 when one is unsafe.

It compares models, and needs no database: what it says holds for SQLite and PostgreSQL alike.
"""

import importlib
import os
import sys

import django

from tools.previous_release import NoPreviousReleaseError, files_of, previous_release

HOW_TO_ACKNOWLEDGE = """
Old code runs beside new code on the migrated database while a release is rolled out: docs/operations.md, "Upgrading".
If such a change is safe, acknowledge it in its migration with the reason:

    class Migration(migrations.Migration):
        acknowledged = {"AddField task.lane": "why it doesn't break old code"}"""


def main() -> int:
    """Print what is unsafe, a line each; return the exit status."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "microblog_project.settings")
    django.setup()
    reading = importlib.import_module("tools.migration_lint.reading")
    try:
        release = previous_release()
        problems = list(reading.problems_since(files_of(release)))
    except NoPreviousReleaseError as error:
        sys.exit(f"The migrations cannot be compared with those of the previous release. {error}")
    print(
        *problems,
        *([HOW_TO_ACKNOWLEDGE] if problems else [f"Old code can live with all migrations since {release}."]),
        sep="\n",
    )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
