"""A bare Django project that has imported the packages named in the file given, and then does nothing.

It imports no module of the site, and leaves out what cannot be imported without the site's settings.
"""

import importlib
import signal
import sys
from contextlib import suppress
from pathlib import Path

import django

if __name__ == "__main__":
    django.setup()
    for name in Path(sys.argv[1]).read_text().split():
        with suppress(Exception):
            importlib.import_module(name)
    Path(sys.argv[1]).unlink()
    signal.pause()
