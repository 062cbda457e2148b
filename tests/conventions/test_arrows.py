"""The import contracts of pyproject.toml: each holds, and each fails when its arrow is turned around."""

import ast
import copy
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest
from importlinter.configuration import configure
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.layers import LayersContract

from config.apps import OWN

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
KINDS = {"forbidden": ForbiddenContract, "layers": LayersContract}
CONTRACTS = {contract["name"]: contract for contract in OPTIONS["contracts"]}
# By contract: an import that must not be.
PLANTED = {
    "1. Public apps stand in one order: lower never imports higher": ("accounts.services", "billing.services"),
    "1. Public apps never import apps of workspaces": ("billing.services", "library.services"),
    "1. Apps of workspaces stand in one order too": ("library.services", "conversations.services"),
    "1. Tax and ui import nothing of ours": ("tax.vat", "plans.types"),
    "1. The product imports neither its launcher, nor fakes, nor tests (demo is the launcher's)": (
        "tenants.baseline_build",
        "embedded.postgres",
    ),
    "1. Nobody imports config: its tables are settings": ("tenants.lifecycle", "config.lifecycle"),
    "1. Nobody imports console but settings: it is the roof": ("workspace.views", "console.dashboard"),
    "1. Fakes know nothing of the product": ("fakes.stripe.server", "plans.types"),
    "2. No app reaches into another's views": ("billing.services", "workspace.views"),
    "2. Apps of workspaces talk to public ones through services, selectors and types": (
        "library.services",
        "billing.models",
    ),
    "2. Apps of workspaces do not call analytics: facts of the outbox move its figures": (
        "conversations.services",
        "analytics.services",
    ),
    "2. Conversations and library know plans and usage, never billing": ("library.services", "billing.api"),
    "2. Other apps use billing.api, and nothing else of billing (demo aside)": ("website.views", "billing.stripe"),
    "3. Only assistants.providers imports openai and anthropic": ("conversations.services", "openai"),
    "3. Only billing imports stripe and djstripe": ("workspace.views", "stripe"),
    "3. Only tenants imports django_tenants": ("accounts.services", "django_tenants"),
    "3. Only tenants.queue imports django_rq": ("mailing.services", "django_rq"),
    "4. Inside an app: views -> forms -> services -> selectors -> models": ("library.selectors", "library.services"),
}

# Apps free of a contract that binds all others. `config` names every app, and is bound where that allows it.
EXEMPT = {
    "1. The product imports neither its launcher, nor fakes, nor tests (demo is the launcher's)": {"demo"},
    "1. Nobody imports config: its tables are settings": set(),
    "1. Nobody imports console but settings: it is the roof": {"console"},
    "3. Only assistants.providers imports openai and anthropic": set(),
    "3. Only billing imports stripe and djstripe": {"billing"},
    "3. Only tenants imports django_tenants": {"tenants"},
    "3. Only tenants.queue imports django_rq": set(),
}
# Further ones of a contract that holds several arrows.
ALSO = [
    ("1. Public apps stand in one order: lower never imports higher", ("events.services", "accounts.services")),
    ("1. Public apps stand in one order: lower never imports higher", ("tenants.lifecycle", "events.services")),
    ("1. Public apps never import apps of workspaces", ("events.services", "library.services")),
    ("1. Nobody imports config: its tables are settings", ("events.services", "config.consumers")),
    ("3. Only assistants.providers imports openai and anthropic", ("assistants.ends", "anthropic")),
    ("3. Only tenants.queue imports django_rq", ("tenants.trials", "django_rq")),
]


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    configure()
    return grimp.build_graph(*OPTIONS["root_packages"], include_external_packages=True, cache_dir=None)


def is_kept(graph: grimp.ImportGraph, contract: dict) -> bool:
    options = {key: value for key, value in contract.items() if key not in ("name", "type")}
    options = {key: str(value).lower() if isinstance(value, bool) else value for key, value in options.items()}
    session = {key: value for key, value in OPTIONS.items() if key != "contracts"}
    kind = KINDS[contract["type"]](name=contract["name"], session_options=session, contract_options=options)
    return bool(kind.check(copy.deepcopy(graph), verbose=False).kept)


def test_every_contract_has_an_import_that_breaks_it():
    assert PLANTED.keys() == CONTRACTS.keys()


@pytest.mark.parametrize("name", EXEMPT)
def test_a_contract_for_all_names_every_app(name):
    sources = set(CONTRACTS[name]["source_modules"]) - {"config"}
    assert sources == {"tax", *(app.name for app in OWN)} - EXEMPT[name]


def dotted_names(app: str) -> Iterator[tuple[str, str]]:
    """(file and line, name) of the strings in an app's code that name a module, function or model of another app."""
    others = "|".join(other.name for other in OWN if other.name != app)
    name = re.compile(rf"(?:{others})\.[a-z_]+(?:\.\w+)+")
    for path in sorted((ROOT / app).rglob("*.py")):
        if "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and name.fullmatch(node.value):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node.value
            # A model looked up by its app's label.
            is_lookup = (
                isinstance(node, ast.Call) and ast.unparse(node.func).endswith("get_model") and len(node.args) == 2
            )
            if is_lookup and isinstance(node.args[0], ast.Constant) and node.args[0].value != app:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", str(node.args[0].value)


@pytest.mark.parametrize("app", [app.name for app in OWN])
def test_no_app_reaches_another_by_a_dotted_string(app):
    """Such names stand in `config/`, where checks resolve them; string foreign keys ("app.Model") are free."""
    assert list(dotted_names(app)) == []


@pytest.mark.parametrize(("name", "arrow"), [*PLANTED.items(), *ALSO])
def test_a_contract_holds_and_fails_when_its_arrow_is_turned(graph, name, arrow):
    assert is_kept(graph, CONTRACTS[name])
    importer, imported = arrow
    # A new edge where there is none; both ends are there.
    assert importer in graph.modules
    if imported not in graph.modules:
        graph.add_module(imported, is_squashed=True)
    assert imported not in graph.find_modules_directly_imported_by(importer)
    graph.add_import(importer=importer, imported=imported)
    try:
        assert not is_kept(graph, CONTRACTS[name])
    finally:
        graph.remove_import(importer=importer, imported=imported)
