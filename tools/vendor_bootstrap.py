"""Fetch Bootstrap's CSS from its npm package into `static/vendor/bootstrap/`: `python tools/vendor_bootstrap.py`.

Needs npm and the network. Besides the files of the package it writes `bootstrap-dark.css`: Bootstrap's own
dark rules, chosen by the system's preference instead of by JavaScript. Run again, it writes the same bytes.
"""

import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VERSION = "5.3.8"
SHA256 = "8b02d4a7482e0f0a2b1da58f1c9c86830e96cc2f77f094f89e4681b19886bc38"
DESTINATION = Path(__file__).resolve().parent.parent / "static" / "vendor" / "bootstrap"

DARK = "[data-bs-theme=dark]"
# A page that names a theme itself is left alone; and the site's own values, which come later, count as much.
SYSTEM_DARK = ":root:where(:not([data-bs-theme]))"
RULE = re.compile(r"(?P<selectors>[^{}@;]+)\{(?P<declarations>[^{}]*)\}")


def download(folder: Path) -> Path:
    """Return the path of the package, fetched into `folder`; exit if its hash differs from the reviewed one."""
    command = ["npm", "pack", "--silent", f"bootstrap@{VERSION}", "--pack-destination", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    package = folder / f"bootstrap-{VERSION}.tgz"
    found = hashlib.sha256(package.read_bytes()).hexdigest()
    if found != SHA256:
        sys.exit(f"{package.name} has SHA-256 {found}, expected {SHA256}. Review the package, then change SHA256.")
    return package


def read(package: Path, name: str) -> str:
    """Return the text of the file `name` of `package`, without its pointer to a source map."""
    with tarfile.open(package) as archive:
        file = archive.extractfile(f"package/{name}")
        if file is None:
            sys.exit(f"{package.name} has no file {name}.")
        return re.sub(r"\n?/\*# sourceMappingURL=[^*]*\*/\s*", "\n", file.read().decode())


def dark_by_system(css: str) -> str:
    """Return the dark rules of `css` for those whose system is dark."""
    rules = []
    for rule in RULE.finditer(css):
        selectors = [text for text in rule["selectors"].split(",") if text.startswith(DARK)]
        if selectors:
            moved = ",\n  ".join(text.replace(DARK, SYSTEM_DARK) for text in selectors)
            declarations = "".join(f"    {text};\n" for text in split_declarations(rule["declarations"]))
            rules.append(f"  {moved} {{\n{declarations}  }}\n")
    head = f"/* Bootstrap {VERSION}, MIT. Its dark rules, by the system's preference: tools/vendor_bootstrap.py */\n"
    return f"{head}@media (prefers-color-scheme: dark) {{\n{''.join(rules)}}}\n"


def split_declarations(text: str) -> list[str]:
    """Return the declarations of a rule; a semicolon within quotes (a data: URL) ends none."""
    return re.findall(r"""(?:[^;"']|"[^"]*"|'[^']*')+""", text)


def main() -> None:
    """Write the files."""
    DESTINATION.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        package = download(Path(folder))
        css = read(package, "dist/css/bootstrap.min.css")
        files = {
            "LICENSE": read(package, "LICENSE"),
            "bootstrap.min.css": css,
            "bootstrap.rtl.min.css": read(package, "dist/css/bootstrap.rtl.min.css"),
            "bootstrap-dark.css": dark_by_system(css),
        }
    for name, text in files.items():
        (DESTINATION / name).write_text(text, newline="\n")
        print(f"{name}: {len(text.encode()):,} bytes")


if __name__ == "__main__":
    main()
