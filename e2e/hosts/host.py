"""One host: namespaces of its own, one command that is its first process, and a port of the network."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from development.embedded_server import BASE_DIR
from e2e.hosts import network

NAMESPACES = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
WAIT_FOR_NETWORK = 'read go; exec "$@" < /dev/null'


class Host:
    """Runs `command` from boot to the end; what it says is in `log`."""

    def __init__(self, name: str, command: Sequence[str], *, log: Path, variables: Mapping[str, str]) -> None:
        self.name = name
        self.address = network.address_of(name)
        self.log = log
        self._command = command
        self._variables = variables
        self._boots = 0

    def boot(self) -> None:
        """Start the host, with what it left on its disk."""
        self._boots += 1
        self._port = f"{self.name}-{self._boots}"
        with self.log.open("ab") as log:
            self._init = subprocess.Popen(
                [*NAMESPACES, "sh", "-c", WAIT_FOR_NETWORK, "sh", *self._command],
                cwd=BASE_DIR,
                env=self._variables,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        assert self._init.stdin
        network.connect(self.name, self._init.pid, self._port)
        self._init.stdin.write(b"go\n")
        self._init.stdin.close()

    def lose_power(self) -> None:
        """End the host, all its processes at once: with the first of them the kernel ends the others."""
        if not self.has_ended:
            network.silence(self._port)
            for first in psutil.Process(self._init.pid).children():
                first.kill()
        self._init.wait()
        network.disconnect(self._port)

    def cut_off(self) -> None:
        """Let nothing come to the host, and nothing from it; its processes live on."""
        network.silence(self._port)

    def reconnect(self) -> None:
        """Let everything come and go again."""
        network.unsilence(self._port)

    @property
    def has_ended(self) -> bool:
        """Return whether its first process is over."""
        return self._init.poll() is not None
