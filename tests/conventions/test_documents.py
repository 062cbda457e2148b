"""Files, modules and functions that the documents name in backticks exist, and so do the targets of their links."""

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

from config.contents import KINDS
from events import catalogue

ROOT = Path(settings.BASE_DIR)
# The changelog names what former versions had; guides name files of an export.
DOCUMENTS = sorted(
    path
    for path in (
        Path(name)
        for name in subprocess.run(
            ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.split()
    )
    if path.name != "CHANGELOG.md" and not path.is_relative_to("docs/guides")
)
# Dotted names that are values: facts of the outbox, kinds of content.
VALUES = {*KINDS, *(fact.NAME for fact in vars(catalogue).values() if isinstance(getattr(fact, "NAME", None), str))}
SUFFIXES = r"py|md|html|css|js|mjs|toml|sql|json|po|xz|in|txt"
FOLDERS = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}


@cache
def has_file_named(name: str) -> bool:
    ours = subprocess.run(["git", "ls-files", name, f"*/{name}"], cwd=ROOT, capture_output=True, text=True, check=True)
    return bool(ours.stdout)


def module_source(parts: tuple[str, ...]) -> str | None:
    """The text of a module or of all modules of a package, by its dotted parts; None if there is none."""
    place = ROOT.joinpath(*parts)
    if place.with_suffix(".py").is_file():
        return place.with_suffix(".py").read_text()
    if place.is_dir():
        return "\n".join(path.read_text() for path in sorted(place.glob("*.py")))
    return None


def is_there(dotted: str) -> bool:
    """Whether `a.b.c` is a module, or the word `c` stands in the module `a.b`."""
    parts = tuple(dotted.split("."))
    for length in range(len(parts), 0, -1):
        source = module_source(parts[:length])
        if source is not None:
            return length == len(parts) or bool(re.search(rf"\b{parts[length]}\b", source))
    return False


def faults_of(document: Path) -> Iterator[str]:
    text = re.sub(r"^```.*?^```", "", (ROOT / document).read_text(), flags=re.M | re.S)
    for quoted in re.findall(r"`([^`\n]+)`", text):
        for token in re.findall(r"[\w./*@-]+", quoted):
            name = token.rstrip("./")
            if "@" in name or name in VALUES:
                continue
            if name.split("/")[0] in FOLDERS and "/" in name:
                if not any(ROOT.glob(name)):
                    yield name
            elif re.fullmatch(rf"[\w-]+\.(?:{SUFFIXES})", name):
                if not has_file_named(name):
                    yield name
            elif re.fullmatch(r"[a-z_]+(?:\.\w+)+", name) and name.split(".")[0] in FOLDERS and not is_there(name):
                yield name
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text):
        if not (ROOT / document.parent / target).exists():
            yield target
    for number in re.findall(r"docs/adr/(\d{4})", text):
        if not any((ROOT / "docs" / "adr").glob(f"{number}-*.md")):
            yield f"docs/adr/{number}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_what_a_document_names_exists(document):
    assert list(faults_of(document)) == []


@pytest.mark.parametrize(
    "name",
    [
        "tenants/resting.py",
        "`library.no_such_name`",
        "`usage.services.no_such_name`",
        "[x](docs/no.md)",
        "docs/adr/0999",
    ],
)
def test_a_name_that_leads_nowhere_is_a_fault(name, tmp_path):
    (tmp_path / "page.md").write_text(name if name.startswith(("`", "[", "docs")) else f"`{name}`")
    assert len(list(faults_of(tmp_path / "page.md"))) == 1


@pytest.mark.parametrize("app", sorted(path.parent.name for path in DOCUMENTS if path.name == "README.md"))
def test_functions_that_a_readme_lists_exist(app):
    """`module` (name, name): each is a word of that module."""
    readme = ROOT / app / "README.md"
    if not readme.exists():
        return
    wrong = []
    for module, names in re.findall(r"`([a-z_.]+)` \(([^()]*)\)", readme.read_text()):
        source = module_source((app, *module.split(".")))
        if source is None:
            continue
        identifiers = [part.strip() for part in names.split(",")]
        wrong += [
            f"{module}.{name}"
            for name in identifiers
            if re.fullmatch(r"[a-z]+(?:_[a-z]+)+", name) and not re.search(rf"\b{name}\b", source)
        ]
    assert wrong == []


def test_the_list_of_decisions_is_complete():
    folder = ROOT / "docs" / "adr"
    listed = re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text())
    assert listed == sorted(path.name for path in folder.glob("[0-9]*.md"))
    for number, name in enumerate(listed, start=1):
        assert name.startswith(f"{number:04}-")
        assert (folder / name).read_text().startswith(f"# {number}. ")
