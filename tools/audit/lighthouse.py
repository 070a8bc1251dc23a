"""Lighthouse's scores of the pages that people see most, on its own profile of a phone."""

import json
import os
import subprocess
from collections.abc import Iterator
from statistics import median
from typing import Any

from tests.browser_options import ARGUMENTS, find_chromium
from tools.audit.figures import Figure
from tools.audit.machine import Workshop
from tools.audit.site import Site
from tools.audit.visitors import GUEST, MEMBER

Report = dict[str, Any]

LIMITS = {"performance": 95, "accessibility": 100, "best-practices": 100, "seo": 100}
PUBLIC = ("/explore/", "/user/demo/", "/search/", "/accounts/login/")
PRIVATE = ("/", "/explore/", "/user/demo/", "/exports/", "/search/?q=soup", "/messages/")
# A page whose first figure is too low is measured twice more: the machine may have had something else to do.
RUNS = 3
TRIES = 3


def scores(site: Site, cookies: str, workshop: Workshop) -> Iterator[Figure]:
    """Return the scores of each page, for a guest and for a member."""
    for visitor, addresses in {GUEST: PUBLIC, MEMBER: PRIVATE}.items():
        headers = {} if visitor == GUEST else {"Cookie": cookies}
        # What only members see is not for search engines.
        asked = [category for category in LIMITS if category != "seo" or visitor == GUEST]
        for address in addresses:
            runs = runs_of(site.url + address, headers, workshop, asked)
            yield from medians(f"{visitor} {address}", runs, asked)


def runs_of(url: str, headers: dict[str, str], workshop: Workshop, asked: list[str]) -> list[Report]:
    """Return one report of the page, or three."""
    runs = [run(url, headers, workshop)]
    while len(runs) < RUNS and any(score(runs[0], category) < LIMITS[category] for category in asked):
        runs.append(run(url, headers, workshop))
    return runs


def medians(name: str, runs: list[Report], asked: list[str]) -> Iterator[Figure]:
    """Return one page's scores."""
    for category in asked:
        value = round(median(score(result, category) for result in runs))
        details = tuple(faults(runs[-1], category)) if value < LIMITS[category] else ()
        yield Figure(f"Lighthouse {category}: {name}", value, LIMITS[category], details, is_score=True)


def run(url: str, headers: dict[str, str], workshop: Workshop) -> Report:
    """Run Lighthouse once, and keep its report."""
    report = workshop.reports / f"lighthouse-{len(list(workshop.reports.glob('lighthouse-*')))}.json"
    command = ["node", str(workshop.modules / "lighthouse" / "cli" / "index.js"), url, "--quiet"]
    command += ["--output=json", f"--output-path={report}", f"--only-categories={','.join(LIMITS)}"]
    command += [f"--chrome-flags={' '.join(ARGUMENTS)}", f"--extra-headers={json.dumps(headers)}"]
    environment = os.environ | {"CHROME_PATH": str(find_chromium())}
    # Now and then it misses the beginning of the page load, says so, and asks to be run again.
    if not any(subprocess.run(command, check=False, env=environment).returncode == 0 for _try in range(TRIES)):
        return {}
    result: Report = json.loads(report.read_text())
    return result


def score(result: Report, category: str) -> int:
    """Return a score in percent; none at all, as of a page that could not be loaded, counts as zero."""
    return round(100 * (result["categories"][category]["score"] or 0)) if result else 0


def faults(result: Report, category: str) -> Iterator[str]:
    """Return what cost points."""
    if not result:
        yield "could not be loaded, see above"
        return
    for reference in result["categories"][category]["auditRefs"]:
        audit = result["audits"][reference["id"]]
        if reference["weight"] and audit["score"] is not None and audit["score"] < 1:
            yield f"{audit['title']}: {audit.get('displayValue', '')}"
