"""Where it all happens: a temporary folder, a throw-away PostgreSQL, and a child process for each database."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGTERM
from types import TracebackType
from typing import Self
from urllib.parse import quote

import orjson

from benchmarks.figures import Figure
from benchmarks.plan import FAMILIES, GROWTH_FILE, SIZES
from development import embedded_server
from development.embedded_server import BASE_DIR, die_with_parent
from development.process_tree import stop_in_order
from tests.postgresql import Cluster, PostgresUnavailableError, find_programs

KEPT = ("HOME", "LANG", "PATH", "TMPDIR")
# As in production: DEBUG would keep every query in memory. No pause between a member's exports, and no limit.
SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "microblog_project.settings",
    "SECRET_KEY": "a key for as long as the benchmark runs",
    "SITE_URL": "http://localhost",
    "ALLOWED_HOSTS": "127.0.0.1",
    "EXPORT_COOLDOWN": "0",
    "EXPORT_START_LIMIT": "0",
    "POST_LIMIT": "0",
    "CHANGE_LIMIT": "0",
    "SEARCH_LIMIT": "0",
    "EXPORT_FREE_SPACE_RESERVE": "0",
}


@dataclass
class Stage:
    """A context manager: what it starts and makes is gone afterwards, however it ends."""

    quick: bool
    folder: Path = field(init=False)
    cluster: Cluster | None = None
    _var_dirs: list[Path] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="bench-")).resolve()
        self.folder.chmod(0o711)  # PostgreSQL's own account must get through
        tempfile.tempdir = str(self.folder)  # what others make temporarily goes with ours
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.cluster:
            self.cluster.stop()
        tempfile.tempdir = None
        for var_dir in self._var_dirs:
            _wait_for_the_queue_server_of(var_dir)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start_postgresql(self) -> str:
        """Start PostgreSQL; return why not, or nothing."""
        try:
            self.cluster = Cluster()
        except PostgresUnavailableError as reason:
            return str(reason)
        return ""

    def measure(self, database: str, subjects: Sequence[str], family: tuple[str, ...]) -> list[Figure]:
        """Fill a database with the members of a family of subjects, and return the subjects' figures."""
        name = f"{database}-{FAMILIES[family][0]}"
        folder = self.folder / name / "bench"
        folder.mkdir(parents=True)
        self._var_dirs.append(folder.parent)
        command = [*subjects, "--database", database, "--folder", str(folder)]
        command += ["--sizes", *map(str, SIZES[family, self.quick])]
        command += ["--quick"] * self.quick
        if self.cluster:
            command += ["--copy-url", self.cluster.url]
        _run(command, self._environment(name, folder.parent))
        return [Figure(**figure) for figure in orjson.loads((folder / "figures.json").read_bytes())]

    def growth(self) -> dict[str, dict[str, list[tuple[int, float, float]]]]:
        """Return the curves that were measured: database -> kind -> points."""
        files = sorted(self.folder.glob(f"*/bench/{GROWTH_FILE}"))
        return {path.parent.parent.name.partition("-")[0]: orjson.loads(path.read_bytes()) for path in files}

    def _environment(self, name: str, var_dir: Path) -> dict[str, str]:
        database_url = f"sqlite:///{var_dir}/db.sqlite3"
        if name.startswith("postgresql"):
            assert self.cluster
            database_url = self.cluster.url if name.endswith("-main") else self._database(name.partition("-")[2])
        kept = {variable: os.environ[variable] for variable in KEPT if variable in os.environ}
        return kept | SETTINGS | {"VAR_DIR": str(var_dir), "DATABASE_URL": database_url}

    def _database(self, name: str) -> str:
        assert self.cluster
        host = str(self.cluster.folder)
        subprocess.run([find_programs() / "createdb", "-h", host, "-U", "postgres", name], check=True)
        return f"postgres://postgres@/{name}?host={quote(host)}"


def _run(arguments: list[str], environment: dict[str, str]) -> None:
    """Run a child to its end; if we are stopped first, so is it, and it cleans up after itself."""
    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.child", *arguments],
        cwd=BASE_DIR,
        env=environment,
        start_new_session=True,  # Ctrl-C in the terminal reaches us alone
        preexec_fn=die_with_parent(SIGTERM, os.getpid()),  # noqa: PLW1509 - there are no threads
    )
    try:
        if child.wait():
            raise SystemExit(f"The measurement ended with {child.returncode}; see above.")
    finally:
        if child.poll() is None:
            child.terminate()
        stop_in_order([child.pid], patience=20)


def _wait_for_the_queue_server_of(var_dir: Path) -> None:
    """Wait until no process writes to the folder: the queue server removes its socket last."""
    deadline = time.monotonic() + 10
    while embedded_server.socket_path(var_dir).exists() and time.monotonic() < deadline:
        time.sleep(0.02)
