"""Dotted names: each resolves to what can be called as it is called; those in the code are read from it."""

import ast
import inspect
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.utils.module_loading import import_string

from config.apps import OWN
from events.types import Consumer
from tenants.context import tenant_context
from tenants.ids import new_id
from tenants.names import call_problem, check_names, exporter_problem
from tenants.queue import dotted_name, enqueue, run

CALLS = ("enqueue", "enqueue_everywhere")


def test_all_names_of_today_can_be_called():
    assert check_names(None) == []


@pytest.mark.parametrize(
    ("table", "value", "said"),
    [
        ("STANDING_METERS", {"seats": "workspace.seats.nobody_counts"}, "nobody_counts"),
        ("STANDING_METERS", {"seats": "workspace.seats"}, "not callable"),
        ("ABANDONED_ACTS", {"answer": "library.selectors.storage_used"}, "too many positional"),
        ("EVENT_CONSUMERS", {"x": Consumer("tests.events.consumers.two_arguments", frozenset())}, "missing"),
        ("EVENT_CONSUMERS", {"x": Consumer("analytics.consumers.nothing", frozenset())}, "nothing"),
        ("FORMER_JOB_NAMES", {"a.b": "usage.jobs.gone"}, "gone"),
        ("PRICES_CHANGED", "billing.stripe.catalogue.pushed", "pushed"),
        ("ENTITLEMENT_CHECK", "library.selectors.storage_used", "too many positional"),
        ("AUDIT_ENTRIES", "accounts.selectors.nothing", "nothing"),
        ("AUDIT_ROW_CHANGE", "accounts.services", "not callable"),
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
    assert "missing" in call_problem("conversations.images.settle_abandoned_image")
    assert exporter_problem("library.exports") == ""


def jobs_in_code(root: Path) -> list[tuple[str, Any, set[str]]]:
    """(file, job, keywords) of each call of `enqueue` in the product: the job is a function, or a literal name."""
    jobs = []
    for app in (app.name for app in OWN):
        for file in sorted((root / app).rglob("*.py")):
            text = file.read_text()
            if "enqueue" not in text or file.name == "queue.py":
                continue
            module = import_module(".".join(file.relative_to(root).with_suffix("").parts))
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Call) and node.args and called(node) in CALLS:
                    job = eval(ast.unparse(node.args[0]), module.__dict__.copy())
                    jobs.append((str(file), job, {keyword.arg for keyword in node.keywords if keyword.arg}))
    return jobs


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def test_jobs_in_code_accept_their_keywords(settings):
    jobs = jobs_in_code(Path(settings.BASE_DIR))
    assert len(jobs) > 12 and sum(callable(job) for _file, job, _keywords in jobs) > 8
    for file, job, keywords in jobs:
        function = import_string(dotted_name(job))
        try:
            inspect.signature(function).bind(**dict.fromkeys(keywords))
        except TypeError as error:
            pytest.fail(f"{file}: {job}: {error}")


def test_a_function_is_enqueued_by_its_dotted_name():
    assert dotted_name(call_problem) == "tenants.names.call_problem"
    assert dotted_name("library.extraction.extract") == "library.extraction.extract"


@pytest.mark.parametrize("job", [lambda: None, Path.read_text])
def test_a_function_that_no_name_leads_to_is_refused(job):
    with pytest.raises(ValueError, match="no function of a module"):
        dotted_name(job)


def test_positional_arguments_of_a_job_are_refused(people):
    with tenant_context(people.home), pytest.raises(ValueError, match="keywords only"):
        enqueue(call_problem, "library.extraction.extract")


def test_a_job_enqueued_under_its_former_name_runs(people):
    job = {"name": "library.reading.read", "tenant_id": str(people.home.id), "arguments": {"item_id": str(new_id())}}
    # No item has this key: the present job does nothing, and returns no state.
    assert run(**job) == ""
    with pytest.raises(ImportError):
        run(**job | {"name": "library.reading.never"})
