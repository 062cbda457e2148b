"""What a view takes: the names its page offers, and the names that the code reads from a request."""

import ast
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from django import forms
from django.conf import settings

from config.apps import OWN

ROOT = Path(settings.BASE_DIR)
# Not inputs: the token is checked before the view, and its name would end each form with a refusal.
LEFT_OUT = {"csrfmiddlewaretoken"}


class _Names(HTMLParser):
    """Names of fields and of the query parameters of links to the same page."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("input", "select", "textarea", "button") and given.get("name"):
            self.names.add(str(given["name"]))
        target = urlsplit(given.get("href") or given.get("hx-get") or "")
        if target.query and target.path in ("", self.path):
            self.names.update(name for name, _value in parse_qsl(target.query, keep_blank_values=True))


def offered(path: str, page: str) -> set[str]:
    """The inputs that a page offers."""
    parser = _Names(path)
    parser.feed(page)
    return parser.names - LEFT_OUT


@cache
def read_by_code() -> frozenset[str]:
    """Names that any view reads (`request.GET.get("page")`, `"archived" in request.GET`), and fields of our forms."""
    found: set[str] = set()
    for app in (one.name for one in OWN):
        for file in (ROOT / app).rglob("*.py"):
            if "migrations" not in file.parts:
                found |= _read_in(ast.parse(file.read_text()))
    pending = list(forms.BaseForm.__subclasses__())
    while pending:
        form = pending.pop()
        pending += form.__subclasses__()
        if form.__module__.split(".")[0] in {one.name for one in OWN}:
            found |= set(getattr(form, "base_fields", {}))
    return frozenset(found - LEFT_OUT)


def _read_in(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _of_request(node.func.value):
            found |= {
                one.value for one in node.args[:1] if isinstance(one, ast.Constant) and isinstance(one.value, str)
            }
        elif isinstance(node, ast.Subscript) and _of_request(node.value):
            found |= {node.slice.value} if isinstance(node.slice, ast.Constant) else set()
        elif isinstance(node, ast.Compare) and any(_of_request(one) for one in node.comparators):
            found |= {node.left.value} if isinstance(node.left, ast.Constant) else set()
    return {name for name in found if isinstance(name, str) and re.fullmatch(r"[\w-]+", name)}


def _of_request(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in ("GET", "POST", "FILES", "COOKIES")
