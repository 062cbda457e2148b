"""In a workspace's schema nobody is an operator, by CHECK. The public schema has no such constraint."""

from typing import Any

from django.db import migrations

from tenants.context import PUBLIC_SCHEMA, current

NAME = "accounts_user_no_operator_here"


def add(apps: Any, schema_editor: Any) -> None:
    if current().schema_name != PUBLIC_SCHEMA:
        schema_editor.execute(
            f"ALTER TABLE accounts_user ADD CONSTRAINT {NAME}"
            " CHECK (NOT is_staff AND NOT is_superuser AND role <> 'operator')"
        )


def drop(apps: Any, schema_editor: Any) -> None:
    schema_editor.execute(f"ALTER TABLE accounts_user DROP CONSTRAINT IF EXISTS {NAME}")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunPython(add, drop)]
