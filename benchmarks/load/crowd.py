"""The crowd, lived in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from signal import SIGTERM
from threading import Thread

from benchmarks.load.plan import Outcome, Plan, as_json
from development.embedded_server import BASE_DIR, die_with_parent


class Crowd:
    """A crowd at large: `pid` is its process."""

    def __init__(self, plan: Plan) -> None:
        """Run the plan."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.load.drive"],
            cwd=BASE_DIR,
            env={"PATH": os.environ["PATH"]},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C in the terminal reaches us alone
            preexec_fn=die_with_parent(SIGTERM, os.getpid()),  # noqa: PLW1509 - no thread of ours holds a lock
        )
        self.pid = self._process.pid
        self._plan = plan
        self._said = b""
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        self._said, _nothing = self._process.communicate(as_json(self._plan))

    @property
    def is_over(self) -> bool:
        """Return whether all have left."""
        return not self._reader.is_alive()

    def disperse(self) -> None:
        """Have everybody leave, as soon as their exports are over."""
        self._process.terminate()

    def outcome(self) -> Outcome:
        """Wait until all have left; return what they met."""
        self._reader.join()
        if self._process.returncode:
            raise RuntimeError(f"The crowd's process ended with {self._process.returncode}; see above.")
        return Outcome.from_json(self._said)

    def kill(self) -> None:
        """End it, whatever it is at."""
        self._process.kill()
        self._reader.join()


@contextmanager
def crowd(plan: Plan) -> Iterator[Crowd]:
    """Let a crowd live as planned; it ends with the block."""
    there = Crowd(plan)
    try:
        yield there
    finally:
        there.kill()
