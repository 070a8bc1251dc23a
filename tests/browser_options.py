"""Where the browser of the browser tests is, and how it is started."""

import os
import shutil
from pathlib import Path

ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",  # the tests may run as root
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
]


def find_chromium() -> Path | None:
    """Return the browser's program: CHROMIUM from the environment, or the first one on the PATH."""
    names = [os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"]
    return next((Path(found) for name in names if name and (found := shutil.which(name))), None)
