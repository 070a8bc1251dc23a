"""The peak memory of a process, as Linux keeps it: VmHWM, the most that was ever resident.

A forked process begins with its parent's, so it is set back to the present size first. `ru_maxrss` cannot be.
"""

from pathlib import Path


def reset_peak_memory(pid: int | str = "self") -> None:
    """Reset the peak to the current resident size."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_memory(pid: int | str = "self") -> int:
    """Return the peak in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"Linux tells no peak memory of process {pid}.")
