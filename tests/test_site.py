"""The documentation builds as a site without a warning, and neither the build nor a page loads anything."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import publish
import pytest
import yaml

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")} | {*publish.BUILT, "errors.md"}


class Loads(HTMLParser):
    """What a page loads when it is opened: of links, only those that a browser follows by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "link" and values.get("rel") not in ("prev", "next", "canonical"):
            self.found.append(values.get("href") or "")
        elif tag != "a":
            self.found += [values[name] or "" for name in ("src", "srcset", "data", "poster") if name in values]


def loads(html: str) -> list[str]:
    page = Loads()
    page.feed(html)
    return page.found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    for name in ("docs", "scripts"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "mkdocs.yml", folder)
    for path, content in publish.BUILT.items():
        (folder / "docs" / path).write_text(content(), encoding="utf-8")
    # To make the errors takes long; tests/test_errors.py does.
    (folder / "docs" / "errors.md").write_text("# Errors\n", encoding="utf-8")
    # An address that answers nothing stands in for a network.
    nowhere = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict"],
        cwd=folder,
        env=nowhere | {"HOME": str(folder), "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "build" / "site"


def test_every_page_of_the_docs_is_in_the_navigation() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    named = re.findall(r"[\w/-]+\.md", str(yaml.safe_load(text)["nav"]))
    assert len(named) == len(set(named))
    assert set(named) == PAGES


def test_the_index_leads_to_every_page() -> None:
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    linked = {link.split("#")[0] for link in re.findall(r"\]\(([^)]+)\)", index)}
    assert linked | {"index.md"} >= PAGES


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        loaded = loads(page.read_text(encoding="utf-8"))
        assert loaded, page
        assert not [name for name in loaded if re.match(r"(?i)([a-z]+:)?//", name)], page
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(?i)(url\(|@import)\s*['\"]?\s*([a-z]+:)?//", sheet.read_text(encoding="utf-8")), sheet


def test_loading_from_elsewhere_is_found() -> None:
    page = (
        '<a href="https://a.b"></a><script src="//c.d/e.js"></script><link rel="stylesheet" href="https://f.g/h.css">'
    )
    assert loads(page) == ["//c.d/e.js", "https://f.g/h.css"]


def test_what_stands_in_the_repository_is_linked_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)]+)\)", readme)]
    assert not [link for link in links if not (ROOT / link).exists()]


def test_tables_show_no_escapes(site: Path) -> None:
    commands = (site / "commands.html").read_text(encoding="utf-8")
    assert "<code>-o, --output FILE|DIR</code>" in commands
    assert "\\|" not in commands
