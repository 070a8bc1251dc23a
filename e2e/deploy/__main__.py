"""Goes through docs/operations.md in a bare Debian, and uses the site that comes of it: `make deploy-test`.

It needs root, debootstrap, git, and this machine's ports 80, 443, 5432, 6379 and 8000 for itself.
"""

import argparse
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from e2e.deploy.kinds import KINDS
from e2e.deploy.root import Root
from e2e.deploy.site import CHECKOUT, Site
from tests.mail_server import MailServer

PORTS = (80, 443, 5432, 6379, 8000)
PYTHON_OF = {"bookworm": "3.11", "trixie": "3.13"}


def main() -> int:
    """Exercise each kind; return 0 if all went as the guide says."""
    parser = argparse.ArgumentParser(prog="make deploy-test", description=__doc__)
    parser.add_argument("--release", default="bookworm", choices=PYTHON_OF, help="of Debian")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "microblog-deployment")
    options = parser.parse_args()
    for port in PORTS:
        if is_taken(port):
            sys.exit(f"Somebody listens on port {port} already; this needs {PORTS} for itself.")
    if not shutil.which("debootstrap"):
        sys.exit("debootstrap is missing; on Debian: apt install debootstrap")
    wheels = download_wheels(options.cache / "wheels", PYTHON_OF[options.release])
    for name in KINDS:
        exercise(name, options.cache, wheels, options.release)
    return 0


def is_taken(port: int) -> bool:
    """Return whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def download_wheels(folder: Path, python: str) -> Path:
    """Fetch the locked packages for the Debian's Python with this machine's pip, whose index may not be known there.

    All of them: which a Python does not need is for that Python to say, and ours may be newer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = folder / "requirements.txt"
    lock.write_text(re.sub(r" ; [^\\\n]*", " ", (CHECKOUT / "requirements.txt").read_text()))
    only = ["--require-hashes", "--only-binary", ":all:", "--python-version", python, "--quiet"]
    command = [sys.executable, "-m", "pip", "download", *only, "--dest", str(folder), "-r", str(lock)]
    subprocess.run(command, check=True)
    return folder


def exercise(name: str, cache: Path, wheels: Path, release: str) -> None:
    """Install and try one kind, in a Debian of its own; print how long each step took."""
    print(f"=== {name}", flush=True)
    place = Path(tempfile.mkdtemp(prefix=f"microblog-{name}-")) / "root"
    mail = MailServer()
    try:
        with Root(cache, place, release) as root:
            site = Site(root, wheels, mail)
            KINDS[name](site)
            for what, seconds in site.times:
                print(f"{seconds:7.1f} s  {what}")
    finally:
        mail.stop()
        place.parent.rmdir()


if __name__ == "__main__":
    sys.exit(main())
