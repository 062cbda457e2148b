"""Dotted names: each resolves to what can be called as it is called; those in the code are read from it."""

import ast
from pathlib import Path

import pytest

from config.apps import OWN
from events.types import Consumer
from tenants.names import call_problem, check_names, exporter_problem

ASKED = ("enqueue", "enqueue_everywhere")


def test_all_names_of_today_can_be_called():
    assert check_names(None) == []


@pytest.mark.parametrize(
    ("table", "value", "said"),
    [
        ("STANDING_METERS", {"seats": "accounts.seats.nobody_counts"}, "nobody_counts"),
        ("STANDING_METERS", {"seats": "accounts.seats"}, "not callable"),
        ("ABANDONED_ACTS", {"answer": "library.selectors.storage_used"}, "too many positional"),
        ("EVENT_CONSUMERS", {"x": Consumer("tests.events.consumers.two_arguments", frozenset())}, "missing"),
        ("EVENT_CONSUMERS", {"x": Consumer("analytics.consumers.nothing", frozenset())}, "nothing"),
        ("EXPORTS", ("library.sniffing",), "lacks FOLDER"),
        ("LIFECYCLE_STEPS", {"made": ("no.such.module",)}, "No module"),
        ("LIFECYCLE_STEPS", {"made": ("library.selectors.storage_used",)}, "too many positional"),
    ],
)
def test_a_name_that_leads_nowhere_is_an_error(settings, table, value, said):
    setattr(settings, table, value)
    (error,) = check_names(None)
    assert error.id == "ruche.E010" and said in error.msg


def test_what_is_missing_is_said():
    assert call_problem("library.selectors.storage_used") == ""
    assert "missing" in call_problem("conversations.images.give_up_image")
    assert exporter_problem("library.exports") == ""


def asked_in_code(root: Path) -> list[tuple[str, str, set[str]]]:
    """(file, name, keywords) of each job that the code asks for by a literal name."""
    found = []
    for app in (one.name for one in OWN):
        for file in (root / app).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                    continue
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called in ASKED and isinstance(node.args[0].value, str):
                    keywords = {one.arg for one in node.keywords if one.arg}
                    found.append((str(file), node.args[0].value, keywords))
    return found


def test_jobs_asked_for_in_code_take_what_they_are_given(settings):
    import inspect

    from django.utils.module_loading import import_string

    jobs = asked_in_code(Path(settings.BASE_DIR))
    assert len(jobs) > 8
    for file, name, keywords in jobs:
        signature = inspect.signature(import_string(name))
        try:
            signature.bind(**dict.fromkeys(keywords))
        except TypeError as error:
            pytest.fail(f"{file}: {name}: {error}")
