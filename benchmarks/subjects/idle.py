"""The resident memory of an idle worker and of a web process, beside a bare Django project with the same packages.

The bare process has imported what the site's has, but for the site's own modules. The web process has served a few
pages; the worker is ready for its first job.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.bench import Bench
from benchmarks.figures import Figure, compared, in_turn, megabytes
from benchmarks.servers import MINIMAL, gunicorn, running, worker
from benchmarks.visitor import Visitor
from development.embedded_server import BASE_DIR
from tests.members import make_member
from tests.waiting import wait_until

ROUNDS = 3
LIMIT = 1.5
ROOTS = {
    "worker": ["tasks.worker", "django_rq.management.commands.rqworker"],
    "web process": [
        "microblog_project.wsgi",
        "microblog_project.urls",
        "gunicorn.app.wsgiapp",
        "gunicorn.workers.sync",
    ],
}
"""What each imports first."""
PAGES = ("/", "/explore/", "/exports/", "/notifications/?since=0")
PACKAGES = """
import importlib, sys, django
django.setup()
for name in {roots}:
    importlib.import_module(name)
print(*(name for name in list(sys.modules) if name != "__main__" and name.partition(".")[0] not in {own}))
"""


def measure(bench: Bench) -> Iterator[Figure]:
    """Compare both."""
    username = make_member("idle").username
    yield from compare(bench, "worker", lambda: idle_worker(bench))
    yield from compare(bench, "web process", lambda: web_process(bench, username))


def compare(bench: Bench, process: str, ours: Callable[[], float]) -> Iterator[Figure]:
    """Yield the figure of one of the processes, named as in ROOTS."""
    mine, bare = in_turn(bench.rounds(ROUNDS), ours, lambda: bare_process(bench, process))
    name, what = f"idle: resident memory of a {process}", "a bare project"
    yield compared(name, bench.database, ours=mine, yardstick=bare, what=what, limit=LIMIT, shown=megabytes)


def idle_worker(bench: Bench) -> float:
    """Return the bytes of a worker that waits for its first job."""
    with worker(bench) as pid:
        return resident(pid)


def web_process(bench: Bench, username: str) -> float:
    """Return the bytes of a gunicorn worker that has served some pages."""
    with gunicorn(bench, workers=1) as (port, pid):
        visitor = Visitor(port).sign_in(username)
        for page in PAGES:
            if visitor.get(page) != 200:
                raise RuntimeError(f"{page} was not answered as it should be.")
        [serving] = psutil.Process(pid).children()
        return resident(serving.pid)


def bare_process(bench: Bench, name: str) -> float:
    """Return the bytes of a bare project with the packages that the site's process of that name imports."""
    own = [path.name for path in BASE_DIR.iterdir() if path.is_dir()]
    command = [sys.executable, "-c", PACKAGES.format(roots=ROOTS[name], own=own)]
    listed = bench.folder / "packages"
    listed.write_text(subprocess.run(command, cwd=BASE_DIR, stdout=subprocess.PIPE, text=True, check=True).stdout)
    with bare(bench, listed) as pid:
        wait_until(lambda: not listed.exists(), what="The bare project")
        return resident(pid)


@contextmanager
def bare(bench: Bench, listed: Path) -> Iterator[int]:
    """Run a bare project; yield its process id."""
    command = [sys.executable, "-m", "benchmarks.minimal.bare", str(listed)]
    settings = {"DJANGO_SETTINGS_MODULE": MINIMAL["DJANGO_SETTINGS_MODULE"]}
    with running(command, bench.folder / "bare.log", settings) as process:
        yield process.pid


def resident(pid: int) -> float:
    """Return the resident bytes of a process."""
    return float(psutil.Process(pid).memory_info().rss)
