"""An audit's system requirements, and the npm packages that it installs."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.browser_options import find_chromium

HERE = Path(__file__).resolve().parent
REMEDIES = {
    "node": "on Debian: apt install nodejs",
    "npm": "on Debian: apt install npm",
    "java": "on Debian: apt install default-jre-headless",
}


@dataclass(frozen=True)
class Workshop:
    """Where the npm packages are, and where reports go."""

    modules: Path
    reports: Path


def lacking() -> list[str]:
    """Return what has to be installed first, with the way to it."""
    missing = [f"{name} ({remedy})" for name, remedy in REMEDIES.items() if not shutil.which(name)]
    if not find_chromium():
        missing.append("Chromium (on Debian: apt install chromium; elsewhere set CHROMIUM to its path)")
    return missing


def install_packages(folder: Path) -> Path:
    """Install the locked npm packages into `folder`, unless they are there; return where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    stamp = folder / "node_modules" / "installed-package-lock.json"
    lock = (HERE / "package-lock.json").read_bytes()
    if not stamp.exists() or stamp.read_bytes() != lock:
        print("Installing Lighthouse and the Nu HTML checker (once) ...", flush=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, folder)
        # No package's own scripts run; what the lock names is checked by its hash.
        subprocess.run(["npm", "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True)
        stamp.write_bytes(lock)
    return folder / "node_modules"
