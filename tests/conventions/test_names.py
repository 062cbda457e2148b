"""Names that say nothing of what they hold are refused, app by app (STYLE.md, "Names")."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
FORBIDDEN = {
    "asked",
    "asking",
    "euros",
    "found",
    "it",
    "kept",
    "one",
    "tell",
    "told",
    "what",
    "who",
    "whole",
    "worth",
}
# All of the product, its launcher and its fakes.
FOLDERS = sorted({*(name.split(".")[0] for name in settings.OWN_APPS), "config", "embedded", "fakes", "tax"})


def names_of(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, name) of every function, class, parameter and variable that a module defines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id


def forbidden_names(source: str) -> list[str]:
    """ "line: name" of each forbidden name; leading underscores do not count."""
    names = names_of(ast.parse(source))
    return [f"{line}: {name}" for line, name in names if name.strip("_").lower() in FORBIDDEN]


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_has_no_forbidden_names(folder):
    refused = {
        str(path.relative_to(ROOT)): names
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "migrations" not in path.parts and (names := forbidden_names(path.read_text()))
    }
    assert refused == {}


def test_functions_parameters_and_variables_are_scanned():
    source = "def tell(asked, /, *, who):\n    found = [one for one in asked]\n    other.told = found\n"
    assert sorted(forbidden_names(source)) == ["1: asked", "1: tell", "1: who", "2: found", "2: one"]
