"""System checks: an app lives in one schema, and no database foreign key crosses the border."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.db import models

from tenants.context import PUBLIC_SCHEMA
from tenants.grants import models_of


@register()
def check_schemas(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Errors ruche.E001 (table in both schemas), E002 (public points to a workspace), E003 (foreign key across)."""
    public = set(models_of(PUBLIC_SCHEMA))
    tenant = set(models_of("tenant"))
    errors: list[CheckMessage] = [
        Error(f"{model._meta.label} stands in public and in workspaces.", id="ruche.E001")
        for model in public & tenant
        if model._meta.app_label not in settings.TABLES_IN_BOTH
    ]
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.local_fields:
            if not isinstance(field, models.ForeignKey):
                continue
            target = field.remote_field.model
            if model in public and target not in public:
                errors.append(Error(f"{field} of a public model points to a workspace's model.", id="ruche.E002"))
            if model in tenant and target not in tenant and field.db_constraint:  # type: ignore[attr-defined]
                errors.append(Error(f"{field} has a database foreign key into public.", id="ruche.E003"))
    return errors
