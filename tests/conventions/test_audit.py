"""The audit log is written by services, in the transaction of the act, never by who calls them."""

import ast
import re
from pathlib import Path

from accounts.audit_labels import ACTION_LABELS
from config.apps import OWN

ROOT = Path(__file__).parents[2]
CALLERS = re.compile(
    r"(^|/)(admin|views|urls|forms\w*|console\w*|middleware|endpoint|jobs|pages|context_processors)\.py$"
)


def modules():
    for app in OWN:
        for path in sorted((ROOT / app.name).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if "/migrations/" not in name:
                yield name, ast.parse(path.read_text())


def writes_entries(tree: ast.Module) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            if node.module == "accounts" and any(one.name == "audit" for one in node.names):
                return True
            if node.module == "accounts.audit":
                return True
        if isinstance(node, ast.Attribute) and "AuditEntry.objects.create" in ast.unparse(node):
            return True
    return False


def test_no_page_and_no_command_writes_the_log():
    writers = {name for name, tree in modules() if writes_entries(tree)}
    assert {"accounts/services.py", "library/sharing.py", "assistants/services.py", "plans/grants.py"} <= writers
    wrong = [name for name in writers if CALLERS.search(name) or "/management/" in name or name.startswith("website/")]
    assert not wrong, f"move it into the service that does the act: {wrong}"


def test_every_act_has_words():
    acts = set()
    for _name, tree in modules():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)):
                continue
            if ast.unparse(node.func) in ("audit.record", "_record_publicly"):
                acts.add(node.args[0].value)
    assert len(acts) > 20
    assert not acts - set(ACTION_LABELS), "labels for them in accounts/audit_labels.py"
