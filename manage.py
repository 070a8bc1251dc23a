#!/usr/bin/env python
"""Run a management command; see `python manage.py help`."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from microblog_project import embedded_server, private


def main() -> None:
    """Set the settings module and the umask, offer the embedded queue server to commands that need one, and run."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "microblog_project.settings")
    private.set_umask(sys.argv)
    embedded_server.offer_to(sys.argv)
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"The site is not configured rightly: {error}")


if __name__ == "__main__":
    main()
