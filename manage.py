#!/usr/bin/env python
"""Run a management command; see `python manage.py help`."""

import os
import sys

INTERRUPTED = 130
"""The status that shells give a command that Ctrl-C has ended."""


def main() -> None:
    """Run the command in `sys.argv`; what the person at the keyboard can mend is told in a line."""
    try:
        run()
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped.\n")
        sys.exit(INTERRUPTED)
    except ModuleNotFoundError as error:
        if sys.prefix != sys.base_prefix:  # in a virtual environment: what is missing there is worth a traceback
            raise
        sys.exit(
            f"{error}: {sys.executable} does not have the site's packages. Use .venv/bin/python {' '.join(sys.argv)} "
            "instead; `python3 tools/bootstrap.py` creates .venv and installs them."
        )


def run() -> None:
    """Set the settings module and the umask, offer the embedded queue server to commands that need one, and run."""
    # Here, where it can be told that they are missing.
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    from core import private  # noqa: PLC0415
    from development import embedded_server  # noqa: PLC0415

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "microblog_project.settings")
    private.set_umask(sys.argv)
    embedded_server.offer_to(sys.argv)
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"The site is not configured rightly: {error}")


if __name__ == "__main__":
    main()
