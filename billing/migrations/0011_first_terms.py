"""A platform installed before terms of sale were kept has the model text as its first version.

The same as `billing/seeds.py` says, for whoever deploys by `fleet_migrate` alone: without any version nobody can order.
A catalogue without any plan is left to the seeds.
"""

import hashlib
from pathlib import Path

from django.db import migrations

from tenants.context import PUBLIC_SCHEMA, current

TEXTS = Path(__file__).resolve().parent.parent / "texts"


def publish(apps, schema_editor):
    if current().schema_name != PUBLIC_SCHEMA:
        return
    TermsVersion = apps.get_model("billing", "TermsVersion")
    if TermsVersion.objects.exists() or not apps.get_model("billing", "Plan").objects.exists():
        return
    text, translation = ((TEXTS / f"terms.{language}.txt").read_text("utf-8").strip() for language in ("fr", "en"))
    TermsVersion.objects.create(
        number=1,
        text=text,
        translation=translation,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        published_by="Ruche",
    )


class Migration(migrations.Migration):
    dependencies = [("billing", "0010_terms")]

    operations = [migrations.RunPython(publish, migrations.RunPython.noop)]
