"""Set up `.venv` with the locked packages; nothing but Python is needed. See `make help`.

It runs on any Python since 3.6 (hence the quoted types), so that an old one can say what is wrong or find a
newer one. A second run takes no time: what is installed is remembered by the locks' hash.
"""

import errno
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OLDEST = (3, 11)
NEWER = ["python3.14", "python3.13", "python3.12", "python3.11"]
ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCKS = ["requirements.txt"]
DEV_LOCKS = ["requirements.txt", "requirements-dev.txt"]
OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)


def main() -> None:
    """Find a Python that is new enough, make the environment, install what is missing."""
    use_a_new_enough_python()
    with our_turn():
        set_up()


def set_up() -> None:
    """Make the environment, and install what its locks name."""
    locks = DEV_LOCKS if "--dev" in sys.argv else LOCKS
    wanted = {name: digest_of(name) for name in locks}
    make_environment()
    missing = [name for name in locks if remembered(name) != wanted[name]]
    if missing:
        install(missing)
        for name in missing:
            stamp_of(name).write_text(wanted[name])


def use_a_new_enough_python() -> None:
    """Restart in a newer Python if this one is too old; exit with one line if there is none."""
    if sys.version_info >= OLDEST:
        return
    for name in NEWER:
        program = shutil.which(name)
        # A version manager's stand-in may be there without the Python that it stands for.
        if program and run([program, "-c", ""]).returncode == 0:
            os.execv(program, [program, *sys.argv])
    sys.exit(
        "Python {}.{} is too old: Microblog needs {}.{} or newer. Install one (on Debian: apt install python3), "
        "or name yours: make run PYTHON=/path/to/python3".format(*sys.version_info[:2], *OLDEST)
    )


@contextmanager
def our_turn() -> "Iterator[None]":
    """Let no other process set up this folder meanwhile: both would write to one environment."""
    folder = os.open(str(ROOT), os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another set-up of {} to end ...".format(ROOT), flush=True)
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def make_environment() -> None:
    """Create `.venv` unless it is there and works."""
    works = "import pip, sys; sys.exit(sys.version_info < {})".format(OLDEST)
    if PYTHON.exists() and not unfinished().exists() and run([str(PYTHON), "-c", works]).returncode == 0:
        return
    if run([sys.executable, "-c", "import ensurepip, venv"]).returncode:
        sys.exit(
            "Python's venv module is not installed here. On Debian and Ubuntu: apt install python3-venv. "
            "Then run it again."
        )
    print("Creating .venv ...", flush=True)
    result = run([sys.executable, "-m", "venv", "--clear", str(VENV)])
    if result.returncode:
        shutil.rmtree(str(VENV), ignore_errors=True)
        sys.exit("Python cannot create a virtual environment: {}".format(last_line(result.stdout)))


def install(locks: "list[str]") -> None:
    """Install exactly what the locks name, each file checked by its hash."""
    print("Installing packages (once) ...", flush=True)
    requirements = [part for name in locks for part in ("-r", str(ROOT / name))]
    # Wheels only: nothing is built here, so no compiler is needed and no package's set-up code runs.
    options = ["--quiet", "--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:"]
    unfinished().touch()
    result = run([str(PYTHON), "-m", "pip", "install", *options, *requirements])
    reason = reason_in(result.stdout)
    is_local = result.returncode and re.search(r"\[Errno ({})\]".format("|".join(map(str, OF_THE_DISK))), reason)
    if not is_local:
        unfinished().unlink()
    if result.returncode:
        remedy = (
            "Make room on the disk of {}, or make it writable. Then".format(ROOT)
            if is_local
            else "Is the package index reachable from here (network, proxy, pip's settings)? Then"
        )
        sys.exit("The packages could not be installed: {} {} run it again.".format(reason, remedy))


def run(command: "list[str]") -> "subprocess.CompletedProcess[str]":
    """Run a command; return its result with everything it said."""
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, check=False
    )


def reason_in(output: str) -> str:
    """Return pip's first retry or error, which names the cause; its last line is about the consequence."""
    lines = output.strip().splitlines() or [""]
    line = next((line for line in lines if line.startswith(("WARNING: Retrying", "ERROR:"))), lines[-1])
    system_error = re.search(r"\[Errno -?\d+\][^')]*", line)  # the rest of such a line is about pip's insides
    return "{}.".format(system_error.group()) if system_error else line


def last_line(text: str) -> str:
    """Return the last line of `text`, which names the error."""
    return (text.strip().splitlines() or [""])[-1]


def digest_of(name: str) -> str:
    """Return the hash of a lock file."""
    return hashlib.sha256((ROOT / name).read_bytes()).hexdigest()


def stamp_of(name: str) -> Path:
    """Return the file that remembers which lock is installed."""
    return VENV / "{}.sha256".format(name)


def unfinished() -> Path:
    """Return the file that is there while packages are installed: one cut short can look whole to pip, but is not."""
    return VENV / "unfinished"


def remembered(name: str) -> str:
    """Return the hash of the lock that is installed, if any."""
    return stamp_of(name).read_text() if stamp_of(name).exists() else ""


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nStopped. Run it again to go on.")
    except OSError as error:
        sys.exit("The site cannot be set up in {}: {}.".format(ROOT, error))
