"""A bare Debian in a folder, with processes of its own: made by debootstrap, entered by chroot, gone at the end."""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from tests.waiting import wait_until

MOUNT = """
mount --make-rprivate /
mount --bind "$1" "$1"
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
mount --rbind /sys "$1/sys"
mount -t tmpfs -o mode=755 run "$1/run"
mkdir -p "$1/var/cache/apt/archives"
mount --bind "$2" "$1/var/cache/apt/archives"
exec chroot "$1" bash -c 'touch /run/entered; while read -r -t 3600 || [ $? -gt 128 ]; do :; done'
"""


def sh(*command: str) -> str:
    """Run a command of this machine's; return what it prints. Raises CalledProcessError."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def apt_sources(release: str) -> list[str]:
    """Return the addresses of this machine's own Debian repositories for a release, the main one first."""
    lines = sh("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Identifier: Packages").splitlines()
    found = [tuple(line.split()) for line in lines]
    ours = dict.fromkeys((uri, name) for uri, name in found if name == release or name.startswith(f"{release}-"))
    return [f"deb {uri} {name} main" for uri, name in sorted(ours, key=lambda source: len(source[1]))]


def make_base(folder: Path, release: str) -> Path:
    """Return the tree of a bare Debian, made once."""
    base = folder / release
    if not (base / "ready").exists():
        shutil.rmtree(base, ignore_errors=True)
        mirror = apt_sources(release)[0].split()[1]
        sh("debootstrap", "--variant=minbase", release, str(base), mirror)
        (base / "ready").touch()
    return base


class Root:
    """A context manager: a copy of the bare Debian with processes in it, on this machine's network."""

    def __init__(self, cache: Path, place: Path, release: str) -> None:
        """Copy it to `place`, which must not be there; packages that were downloaded once are kept in `cache`."""
        self.place = place
        self._debs = cache / "debs"
        self._debs.mkdir(parents=True, exist_ok=True)
        sh("cp", "-a", "--reflink=auto", str(make_base(cache, release)), str(place))
        (place / "etc/apt/sources.list").write_text("\n".join(apt_sources(release)) + "\n")
        (place / "etc/hosts").write_text("127.0.0.1 localhost microblog.example\n")
        shutil.copy("/etc/resolv.conf", place / "etc/resolv.conf")
        self.variables = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "LANG": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive",
            **{name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")},
        }

    def __enter__(self) -> Self:
        command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-euc", MOUNT, "enter"]
        # It lives as long as its standard input is open: not longer than this process, however that ends.
        self._unshare = subprocess.Popen([*command, str(self.place), str(self._debs)], stdin=subprocess.PIPE)
        wait_until(self._first_process, what="The first process in the root")
        wait_until(lambda: self.run("test -e /run/entered", check=False) == 0, what="The root")
        return self

    def _first_process(self) -> str:
        children = Path(f"/proc/{self._unshare.pid}/task/{self._unshare.pid}/children")
        return children.read_text().strip()

    def command(self, script: str) -> list[str]:
        """Return the command that runs a script in the root."""
        enter = ["nsenter", f"--target={self._first_process()}", "--mount", "--pid", "--root", "--wd"]
        return [*enter, "bash", "-euo", "pipefail", "-c", script]

    def run(self, script: str, *, check: bool = True) -> int:
        """Run a script in the root, its words going where ours go; return its status."""
        return subprocess.run(self.command(script), env=self.variables, check=check).returncode

    def output(self, script: str) -> str:
        """Run a script in the root; return what it prints."""
        command = self.command(script)
        return subprocess.run(command, env=self.variables, check=True, stdout=subprocess.PIPE, text=True).stdout

    def processes(self) -> list[psutil.Process]:
        """Return all processes in the root: they share a namespace of ids, which here have others."""
        here = namespace_of(int(self._first_process()))
        return [process for process in psutil.process_iter() if namespace_of(process.pid) == here]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all its processes, the first one's death being theirs, and remove the folder."""
        if first := self._first_process():
            os.kill(int(first), signal.SIGKILL)
        self._unshare.wait(30)
        sh("rm", "-rf", "--one-file-system", str(self.place))


def namespace_of(pid: int) -> str:
    """Return the name of a process's namespace of ids, or nothing if it has ended."""
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")  # noqa: PTH115 - it leads to no file
    except OSError:
        return ""
