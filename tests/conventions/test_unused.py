"""Functions, classes, constants and templates that nothing uses are removed.

Judged by words: a name that stands once in all code, where it is defined, is unused. Methods are left out (frameworks
call them by name), as are decorated functions (registered by their decorator).
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from config.apps import OWN

ROOT = Path(settings.BASE_DIR)
OURS = (*(app.name for app in OWN), "tax", "config", "embedded", "fakes", "bench", "tests")
# Django reads them: app configurations, formats of dates, settings; pytest collects tests.
CALLED_BY_NAME = re.compile(r"apps\.py$|^config/(formats|settings)/|^tests/isolation/interleaving/settings\.py$")
# Templates that allauth, Django and Unfold look up by name.
LOOKED_UP = ("account", "admin", "unfold", "errors", "mail", "allauth", "usersessions")


def files(suffixes: set[str], folders: tuple[str, ...]) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*")) if path.suffix in suffixes]


@pytest.fixture(scope="module")
def code() -> str:
    paths = files({".py", ".html", ".txt", ".js"}, (*OURS, "templates", "static"))
    return "\n".join([*(path.read_text() for path in paths), (ROOT / "pyproject.toml").read_text()])


def definitions(module: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, name) of the undecorated top-level functions, classes and variables of a module."""
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.decorator_list:
            yield node.lineno, node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from ((node.lineno, target.id) for target in targets if isinstance(target, ast.Name))


def test_every_top_level_name_is_used(code):
    words = Counter(re.findall(r"\w+", code))
    unused = []
    for path in files({".py"}, OURS):
        place = path.relative_to(ROOT).as_posix()
        if "/migrations/" in place or CALLED_BY_NAME.search(place):
            continue
        for line, name in definitions(ast.parse(path.read_text())):
            if words[name] == 1 and not re.match(r"test_|Test|pytest_|__", name):
                unused.append(f"{place}:{line} {name}")
    assert unused == []


def test_every_template_is_used(code):
    """By its path, as `{% component "name" %}`, or as the choice `f"folder/{'_part' if … else 'page'}.html"`."""
    unused = []
    for path in files({".html"}, ("templates",)):
        place = path.relative_to(ROOT / "templates")
        is_component = place.parts[0] == "components" and f'component "{place.stem}"' in code
        is_choice = f"'{place.stem}'}}.html" in code
        if place.parts[0] not in LOOKED_UP and place.as_posix() not in code and not is_component and not is_choice:
            unused.append(place.as_posix())
    assert unused == []
