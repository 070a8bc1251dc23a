"""Looks up the locked packages in OSV, the open database of known vulnerabilities: `make audit-packages`.

Ends with 1 if one has a vulnerability that is not in ACCEPTED. Where the database cannot be reached, it says so and
ends with 0: no machine should fail for want of a network. https://google.github.io/osv.dev/post-v1-querybatch/
"""

import json
import re
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from http.client import HTTPException
from pathlib import Path
from urllib.request import Request, urlopen

BASE_DIR = Path(__file__).resolve().parent.parent
LOCKS = ["requirements.txt", "requirements-dev.txt"]
DATABASE = "https://api.osv.dev/v1/querybatch"
PAGE = "https://osv.dev/vulnerability/"
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)", re.MULTILINE)
TIMEOUT = 30  # seconds

ACCEPTED: dict[str, str] = {}
"""Ids of vulnerabilities that do not concern this site, each with the reason."""

Package = tuple[str, str]
"""A name and a version."""


def main() -> int:
    """Look the packages up; return 1 if one is vulnerable."""
    parser = ArgumentParser(prog="make audit-packages", description=__doc__)
    parser.add_argument("--database", default=DATABASE, help="the address that is asked")
    database = parser.parse_args().database
    packages = locked(BASE_DIR / name for name in LOCKS)
    try:
        found = list(vulnerabilities(database, packages))
    except (OSError, HTTPException, ValueError, LookupError, TypeError) as error:
        print(f"NOT CHECKED for known vulnerabilities: {database} gave no usable answer ({error}).")
        return 0
    for (name, version), identifier in found:
        print(f"{name} {version}: {PAGE}{identifier}")
    print(f"{len(packages)} packages checked, {len(found)} known vulnerabilities.")
    return 1 if found else 0


def locked(files: Iterable[Path]) -> list[Package]:
    """Return each package that is pinned in the lock files, once, sorted."""
    return sorted({(name, version) for file in files for name, version in PINNED.findall(file.read_text())})


def vulnerabilities(database: str, packages: list[Package]) -> Iterator[tuple[Package, str]]:
    """Yield each package with the id of a vulnerability. Raises OSError, ValueError and others for a strange answer."""
    queries = [{"package": {"name": name, "ecosystem": "PyPI"}, "version": version} for name, version in packages]
    body = json.dumps({"queries": queries}).encode()
    request = Request(database, body, {"Content-Type": "application/json"})  # noqa: S310 - ours, or given by hand
    with urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310 - the same
        results = json.load(answer)["results"]
    for package, result in zip(packages, results, strict=True):
        for vulnerability in result.get("vulns", []):
            if vulnerability["id"] not in ACCEPTED:
                yield package, vulnerability["id"]


if __name__ == "__main__":
    sys.exit(main())
