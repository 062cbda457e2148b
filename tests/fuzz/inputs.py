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
    names: set[str] = set()
    for app in (app_entry.name for app_entry in OWN):
        for file in (ROOT / app).rglob("*.py"):
            if "migrations" not in file.parts:
                names |= _read_in(ast.parse(file.read_text()))
    pending = list(forms.BaseForm.__subclasses__())
    while pending:
        form = pending.pop()
        pending += form.__subclasses__()
        if form.__module__.split(".")[0] in {app_entry.name for app_entry in OWN}:
            names |= set(getattr(form, "base_fields", {}))
    return frozenset(names - LEFT_OUT)


def _read_in(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _of_request(node.func.value):
            names |= {
                operand.value
                for operand in node.args[:1]
                if isinstance(operand, ast.Constant) and isinstance(operand.value, str)
            }
        elif isinstance(node, ast.Subscript) and _of_request(node.value):
            names |= {node.slice.value} if isinstance(node.slice, ast.Constant) else set()
        elif isinstance(node, ast.Compare) and any(_of_request(operand) for operand in node.comparators):
            names |= {node.left.value} if isinstance(node.left, ast.Constant) else set()
    return {name for name in names if isinstance(name, str) and re.fullmatch(r"[\w-]+", name)}


def _of_request(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in ("GET", "POST", "FILES", "COOKIES")
