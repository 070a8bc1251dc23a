"""Runs the whole audit, or the parts that are named: `python -m tools.audit [nu] [axe] [lighthouse]`.

Exits with 1 when a figure is missed. Reports are in `VAR_DIR/audit`. The scores of Lighthouse's performance mean
something only while the machine has nothing else to do.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from development.embedded_server import var_dir
from tools.audit import axe, lighthouse, nu
from tools.audit.figures import Figure, as_table
from tools.audit.machine import Workshop, install_packages, lacking
from tools.audit.site import audited_site
from tools.audit.visitors import admit
from tools.demo_site import start_browser

PARTS = ("nu", "axe", "lighthouse")


def main() -> int:
    """Audit, print the table, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.audit", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of: {', '.join(PARTS)}; all without")
    parts = parser.parse_args().parts or list(PARTS)
    if unknown := set(parts) - set(PARTS):
        parser.error(f"{', '.join(sorted(unknown))}: no such part. Choose of: {', '.join(PARTS)}")
    if missing := lacking():
        sys.exit(f"An audit needs more of this machine: {'; '.join(missing)}.")
    modules = install_packages(var_dir() / "audit-packages")
    reports = var_dir() / "audit"
    shutil.rmtree(reports, ignore_errors=True)
    reports.mkdir(parents=True)
    table = as_table(figures := audit(parts, Workshop(modules, reports)))
    (reports / "table.txt").write_text(table)
    print(table)
    return 0 if all(figure.is_met for figure in figures) else 1


def audit(parts: list[str], workshop: Workshop) -> list[Figure]:
    """Start the site, and return the figures of the parts."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder, audited_site(Path(folder)) as site, sync_playwright() as playwright:
        browser = start_browser(playwright)
        cookies = admit(browser, site)
        addresses = site.addresses()
        if "nu" in parts:
            figures.append(nu.errors(site, addresses, cookies, workshop))
        if "axe" in parts:
            figures += axe.violations(browser, site, addresses, cookies)
        browser.close()
        if "lighthouse" in parts:
            figures += lighthouse.scores(site, cookies, workshop)
    return figures


if __name__ == "__main__":
    sys.exit(main())
