"""The network of the hosts: a bridge, on which each has an address and a port that can be disconnected.

A disconnected port drops frames without reporting it. Addresses are resolved beforehand, since a
failed question for one would be told at once, as it is not when a router stands between.
"""

import subprocess
from pathlib import Path

from tests.waiting import wait_until

BRIDGE = "hosts"
NUMBERS = {
    "web1": 11,
    "web2": 12,
    "worker1": 21,
    "worker2": 22,
    "database": 31,
    "queue": 32,
    "storage": 33,
    "mail": 34,
}
DISABLED, FORWARDING = 0, 3
"""States of a bridge's port."""


def address_of(name: str) -> str:
    """Return the host's address."""
    return f"10.77.0.{NUMBERS[name]}"


def make_bridge() -> None:
    """Make the bridge, on which this process is the world outside."""
    configure(
        "link set lo up",
        f"link add name {BRIDGE} address 02:00:0a:4d:00:01 type bridge",
        f"addr add 10.77.0.1/24 dev {BRIDGE}",
        f"link set {BRIDGE} up",
    )


def connect(name: str, process: int, port: str) -> None:
    """Give the network namespace of `process` the host's address, by a new port of the bridge."""
    ours, theirs = Path("/proc/self/ns/net"), Path(f"/proc/{process}/ns/net")
    wait_until(lambda: theirs.readlink() != ours.readlink(), 10, what="The namespace")
    configure(f"link add name {port} type veth peer name eth0 netns {process}", f"link set {port} master {BRIDGE} up")
    configure(
        "link set lo up",
        f"link set eth0 address {_hardware(name)}",
        f"addr add {address_of(name)}/24 dev eth0",
        "link set eth0 up",
        *(f"neigh replace {address_of(n)} lladdr {_hardware(n)} dev eth0 nud permanent" for n in NUMBERS if n != name),
        within=process,
    )


def disconnect(port: str) -> None:
    """Take a port away, unless it is gone: the kernel takes its time with those of namespaces that ended."""
    subprocess.run(["ip", "link", "del", port], stderr=subprocess.DEVNULL, check=False)


def silence(port: str) -> None:
    """Have the port drop what comes and goes."""
    set_state(port, DISABLED)


def unsilence(port: str) -> None:
    """Have the port pass on what comes and goes."""
    set_state(port, FORWARDING)


def set_state(port: str, state: int) -> None:
    """Set the state of a port; `ip` would take this too, and do nothing."""
    subprocess.run(["bridge", "link", "set", "dev", port, "state", str(state)], check=True)


def configure(*commands: str, within: int | None = None) -> None:
    """Carry out commands of `ip`, in the network namespace of a process if one is given."""
    wrapper = ["nsenter", f"--net=/proc/{within}/ns/net"] if within else []
    subprocess.run([*wrapper, "ip", "-batch", "-"], input="\n".join(commands), text=True, check=True)


def _hardware(name: str) -> str:
    return f"02:00:0a:4d:00:{NUMBERS[name]}"
