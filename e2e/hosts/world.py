"""The environment of a run, created before Django reads its settings, and removed when this process ends."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.translations import compile_messages
from development.embedded_server import BASE_DIR
from e2e.chaos.world import SETTINGS, SHORT_TIMES
from e2e.hosts.host import NAMESPACES
from e2e.hosts.machines import SITE, addresses_of_servers
from e2e.hosts.network import make_bridge
from tests.environment import forget_developers_settings
from tests.postgresql import PostgresUnavailableError, find_programs

INSIDE = "MICROBLOG_HOSTS_INSIDE"
"""Is set in the environment once we are in namespaces of our own."""

TRIAL = "ip link add name trial type bridge && ip link add name one type veth peer name other"
TOOLS = ("bridge", "ip", "nsenter", "setpriv", "unshare")


def lacking() -> str:
    """Return what this machine lacks for a run, "" if nothing."""
    if missing := [tool for tool in TOOLS if not shutil.which(tool)]:
        return f"{', '.join(missing)} must be installed (Debian: apt install iproute2 util-linux)"
    if os.geteuid() != 0:
        return "only root can make network namespaces"
    try:
        find_programs()
    except PostgresUnavailableError as error:
        return str(error)
    trial = subprocess.run([*NAMESPACES, "sh", "-c", TRIAL], capture_output=True, text=True, check=False)
    return trial.stderr.strip()


def move_inside() -> None:
    """Become a process in namespaces of its own, isolated from other networks, hosts and processes; does not return."""
    command = [*NAMESPACES, sys.executable, "-m", "e2e.hosts", *sys.argv[1:]]
    os.execvpe(command[0], command, os.environ | {INSIDE: "1"})


@contextmanager
def world(*, production_times: bool, keep: bool) -> Iterator[tuple[Path, dict[str, str]]]:
    """Put the run's settings into the environment; yield its folder, gone afterwards, and those of web and workers."""
    folder = Path(tempfile.mkdtemp(prefix="hosts-")).resolve()
    folder.chmod(0o755)  # for the database's user
    forget_developers_settings()
    compile_messages(BASE_DIR / "locale")
    variables = SETTINGS | ({} if production_times else SHORT_TIMES) | addresses_of_servers()
    variables |= {"SITE_URL": f"http://{SITE}", "ALLOWED_HOSTS": SITE}
    os.environ |= variables | {"VAR_DIR": str(folder / "outside")}
    make_bridge()
    try:
        yield folder, variables
    finally:
        if keep:
            print(f"The logs are in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
