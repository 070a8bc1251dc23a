"""The Nu HTML checker, on every page and on the pages of an exported archive."""

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

from tools.audit.figures import Figure
from tools.audit.machine import Workshop
from tools.audit.site import Site
from tools.audit.visitors import GUEST, MEMBER, exported_files


def errors(site: Site, addresses: list[str], cookies: str, workshop: Workshop) -> Figure:
    """Return the number of errors on all pages together."""
    folder = workshop.reports / "pages"
    folder.mkdir()
    names = save_pages(site, addresses, cookies, folder) | save_archive_pages(site, folder)
    found = [f"{names[name]}: {message}" for name, message in check(folder, workshop.modules)]
    return Figure(f"Nu HTML checker: errors on {len(names)} pages", len(found), 0, tuple(found))


def save_pages(site: Site, addresses: list[str], cookies: str, folder: Path) -> dict[str, str]:
    """Save the pages, error pages too; return what each file is."""
    names = {}
    for visitor, headers in {GUEST: {}, MEMBER: {"Cookie": cookies}}.items():
        for number, address in enumerate(addresses):
            if page := fetch(site.url + address, headers):
                name = f"{visitor}-{number}.html"
                (folder / name).write_bytes(page)
                names[name] = f"{visitor} {address}"
    return names


def fetch(url: str, headers: dict[str, str]) -> bytes:
    """Return the page at which a request ends; nothing if that is no page."""
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the site's own address
    try:
        response = urllib.request.urlopen(request, timeout=30)  # noqa: S310 - the same
    except urllib.error.HTTPError as error:
        response = error
    with response:
        is_page = response.headers.get_content_type() == "text/html"
        return bytes(response.read()) if is_page else b""


def save_archive_pages(site: Site, folder: Path) -> dict[str, str]:
    """Save the pages of the newest archive that can be read without the site; return what each file is."""
    names = {}
    for path in exported_files(site.folder)[-1:]:
        with ZipFile(path) as archive:
            pages = [name for name in archive.namelist() if name.endswith(".html")]
            for number, page in enumerate(pages[:3]):
                name = f"archive-{number}.html"
                (folder / name).write_bytes(archive.read(page))
                names[name] = f"archive {page}"
    return names


def check(folder: Path, modules: Path) -> Iterator[tuple[str, str]]:
    """Return (file, message) for each error."""
    jar = modules / "vnu-jar" / "build" / "dist" / "vnu.jar"
    command = ["java", "-jar", str(jar), "--format", "json", "--errors-only", "--exit-zero-always", str(folder)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    for message in json.loads(said)["messages"]:
        extract = message.get("extract", "").strip()
        yield message["url"].rsplit("/", 1)[-1], f"{message['message']} {extract[:120]!r}"
