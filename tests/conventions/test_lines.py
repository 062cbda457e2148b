"""Every field of one line, in tables and in forms, refuses control characters: ui/lines.py."""

import importlib
import pkgutil

import pytest
from django import forms
from django.apps import apps
from django.db import models

from config.apps import OWN
from ui.lines import Line, LineEmailField, LineField

OURS = tuple(app.name for app in OWN)
# Checked by what they are: an address, a slug, a pattern.
CHECKED = (forms.EmailField, forms.SlugField, forms.RegexField, forms.URLField, forms.UUIDField)
# Columns of libraries' own base classes; what is written there is made by us, or hashed.
THEIRS = {"tenants.Tenant.schema_name", "tenants.Domain.domain", "accounts.User.password"}


def test_columns_of_one_line_are_line_fields():
    lines = (models.CharField, models.EmailField)
    wrong = [
        str(field)
        for model in apps.get_models()
        if model._meta.app_label in OURS and not model._meta.proxy
        for field in model._meta.local_fields
        if isinstance(field, lines)
        and str(field) not in THEIRS
        and not isinstance(field, (LineField, LineEmailField, models.SlugField, models.URLField))
    ]
    assert not wrong, f"LineField of ui/lines.py instead of CharField: {wrong}"


def every_form() -> list[type[forms.BaseForm]]:
    for name in OURS:
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            if any(part in module.name for part in ("forms", "admin", "console", "views", "pages")):
                importlib.import_module(module.name)
    found, ahead = set(), [forms.BaseForm]
    while ahead:
        for child in ahead.pop().__subclasses__():
            ahead.append(child)
            if child.__module__.split(".")[0] in (*OURS, "config"):
                found.add(child)
    return sorted(found, key=lambda form: f"{form.__module__}.{form.__name__}")


def test_fields_of_one_line_in_forms_are_lines():
    seen, wrong = 0, []
    for form in every_form():
        for name, field in getattr(form, "base_fields", {}).items():
            is_line = isinstance(field, forms.CharField) and not isinstance(field, CHECKED)
            if not is_line or isinstance(field.widget, (forms.Textarea, forms.PasswordInput)):
                continue
            seen += 1
            if not isinstance(field, Line) and not form.__module__.startswith("accounts.forms"):
                wrong.append(f"{form.__module__}.{form.__name__}.{name}")
    assert seen > 15
    assert not wrong, f"Line of ui/lines.py instead of forms.CharField: {wrong}"


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "a\x00b", "a\x7fb", "a\u2029b"])
def test_a_line_refuses(text):
    with pytest.raises(forms.ValidationError):
        Line().clean(text)
    assert Line().clean(" Élodie\u00a0d’Été \n") == "Élodie\u00a0d’Été"
