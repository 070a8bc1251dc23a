"""Where the browser of the browser tests is, and how it is started."""

import os
import shutil
import subprocess
from pathlib import Path

from playwright._impl._driver import compute_driver_executable

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


def browser_problem() -> str:
    """Return what this machine lacks for tests in a browser, with the remedy; "" for nothing.

    Playwright's driver is a Node.js program that links to a library which few machines have as they come.
    """
    if not find_chromium():
        return "No Chromium on this machine; on Debian: apt install chromium, elsewhere set CHROMIUM to its path"
    driver, _script = compute_driver_executable()
    result = subprocess.run([driver, "--version"], capture_output=True, text=True, check=False)
    if result.returncode:
        return f"Playwright's driver does not start; on Debian: apt install libatomic1 ({result.stderr.strip()})"
    return ""
