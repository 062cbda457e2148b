"""The pages about the architecture are true: apps, arrows, READMEs, dependencies; templates have no inline code."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from config import apps

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*.html") if "admin" not in path.parts)


def test_the_table_of_apps_is_the_table_of_apps():
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", (ROOT / "ARCHITECTURE.md").read_text(), re.M)
    assert rows == [(app.name, app.schema) for app in apps.OWN]


def test_the_order_of_the_arrows_is_the_order_of_the_table():
    said = re.search(r"Among themselves: (.+?);", (ROOT / "ARCHITECTURE.md").read_text())
    assert said
    order = re.findall(r"`(\w+)`", said[1])
    assert order == [app.name for app in apps.OWN if app.schema != "tenant"]


@pytest.mark.parametrize("app", [app.name for app in apps.OWN])
def test_each_app_has_a_readme(app):
    text = (ROOT / app / "README.md").read_text()
    for part in ("Schema:", "API:", "Words:"):
        assert re.search(rf"^{part}", text, re.M), part


def test_every_dependency_says_why():
    wanted = (ROOT / "requirements.in").read_text()
    said = (ROOT / "docs" / "dependencies.md").read_text().lower()
    for name in re.findall(r"^([A-Za-z0-9_-]+)", wanted, re.M):
        assert name.lower() in said, name


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_inline_script_or_style(path):
    text = re.sub(r"{% comment %}.*?{% endcomment %}", "", path.read_text(), flags=re.S)
    assert not re.search(r"<script(?![^>]*\bsrc=)", text), "inline script"
    assert not re.search(r"\son\w+=", text), "inline handler"
    if path.name not in ("500.html", "unknown_host.html") and not {"mail", "email"} & set(path.parts):
        assert not re.search(r"<style|\sstyle=", text), "inline style"
