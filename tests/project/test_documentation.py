"""The documentation names what there is: settings with their defaults, commands, files and headings."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from django.conf import settings
from django.core.management import get_commands

pytestmark = pytest.mark.processes

ROOT: Path = settings.BASE_DIR
CONFIGURATION = ROOT / "docs/configuration.md"
LONGEST_README = 100  # lines
READ_ELSEWHERE = {"EMAIL_URL", "VAR_DIR", "PORT", "WEB_BIND", "WEB_CONCURRENCY", "WEB_THREADS"}
"""Read by code that runs before the settings, or without them."""
TO_BE_ADDED = {"inbox/jobs.py", "templates/inbox/_word_count.html"}
"""The files that docs/background-jobs.md has a reader write."""
OF_LIBRARIES = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "ANYMAIL_<PROVIDER>_…", "ANYMAIL_WEBHOOK_SECRET"}


def rows(page: Path) -> list[list[str]]:
    """Return the cells of each row of the page's tables."""
    lines = page.read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("| `")]


def documented() -> dict[str, str]:
    """Return each variable of the page, and what it says of the default."""
    return {cells[0].strip("` "): cells[1].strip(" |") for cells in rows(CONFIGURATION)}


def variables() -> Iterator[tuple[str, ast.expr | None]]:
    """Yield each variable that the settings read, and its default's expression."""
    tree = ast.parse((ROOT / "microblog_project/settings.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("env.") and node.args:
            name = node.args[0]
            if isinstance(name, ast.Constant) and str(name.value).isupper():
                default = next((word.value for word in node.keywords if word.arg == "default"), None)
                yield str(name.value), default


def shown(value: Any) -> str:
    """Return how the page writes a default."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return ",".join(shown(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def defaults_of(expression: ast.expr | None) -> list[str]:
    """Return what the page has to say of this default: both values of one that depends, none of a computed one."""
    if isinstance(expression, ast.IfExp):
        return [*defaults_of(expression.body), *defaults_of(expression.orelse)]
    try:
        value = ast.literal_eval(expression) if expression else ""
    except ValueError:
        return []
    return [shown(value)] if value not in ("", []) else []


def test_every_setting_is_on_the_page_and_no_other() -> None:
    read = {name for name, _default in variables()}
    assert set(documented()) == read | READ_ELSEWHERE | OF_LIBRARIES


@pytest.mark.parametrize(("name", "expression"), variables())
def test_the_page_states_the_default(name: str, expression: ast.expr | None) -> None:
    told = re.findall(r"[\w.:/,-]+", documented()[name])
    assert set(defaults_of(expression)) <= set(told)


def test_every_command_of_the_site_is_on_the_page_and_no_other() -> None:
    ours = {name for name, app in get_commands().items() if (ROOT / app.split(".")[0]).is_dir()}
    page = (ROOT / "docs/commands.md").read_text(encoding="utf-8").partition("## manage.py")[2]
    named = {
        name for row in re.findall(r"^\| (`.*?`) \|", page, re.MULTILINE) for name in re.findall(r"`([\w-]+)", row)
    }
    assert named == ours | {"rqworker"}


def test_every_target_of_make_on_the_page_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", (ROOT / "docs/commands.md").read_text(encoding="utf-8"))) <= targets


def test_the_readme_is_two_screens() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    headings = re.findall(r"^#+ .*$", text, re.MULTILINE)
    assert len(text.splitlines()) < LONGEST_README
    assert len(headings) == len(set(headings))


def pages() -> list[Path]:
    """Return every page of documentation."""
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split()]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_is_dead_and_every_path_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    dead = []
    for link in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)):
        target, _, anchor = link.partition("#")
        there = (page.parent / unquote(target)).resolve() if target else page
        if not re.match(r"\w+:", link) and (not there.exists() or (anchor and anchor not in anchors(there))):
            dead.append(link)
    for path in re.findall(r"`((?:[\w-]+/)+[\w.-]+\.(?:py|md|html|js|txt|conf|toml|po|json|css|yml))`", text):
        top = path.split("/")[0]
        if path in TO_BE_ADDED:
            continue
        if (ROOT / top).is_dir() and not any((folder / path).exists() for folder in (ROOT, ROOT / "templates")):
            dead.append(path)
    assert not dead


def test_every_page_that_code_names_exists() -> None:
    listed = subprocess.run(
        ["git", "grep", "-ohE", r"docs/(decisions/[0-9]{4}[a-z-]*|[a-z-]+\.md)", "--", ":!*.md", ":!tests/data"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {name for name in listed.stdout.split() if not list(ROOT.glob(f"{name}*"))}
