"""A catalogue seeded before knows the successors of its models, and when these end; what the operator set stays.

The same as `assistants/seeds.py` says, for whoever deploys by `fleet_migrate` alone. A catalogue without any model is
left to the seeds.
"""

import datetime as dt
from decimal import Decimal

from django.db import migrations

from tenants.context import PUBLIC_SCHEMA, current

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
RATE = Decimal("0.860000")
SIX = Decimal("0.000001")
OPENAI = {"long_from_tokens": 272_000, "long_input_factor": Decimal(2), "long_output_factor": Decimal("1.5")}
HAIKU = {"long_from_tokens": 100_000, "long_input_factor": Decimal(5), "long_output_factor": Decimal(5)}
# (provider, name, label, kind, context, output; in USD: input, cache read, cache write, kept long, output, image; long)
MODELS = (
    ("openai", "gpt-6-luna", "GPT-6 Luna", "chat", 400_000, 128_000, "0.10 0.010 0.125 0.25 0.50 0", OPENAI),
    ("openai", "gpt-6.1-terra", "GPT-6.1 Terra", "chat", 400_000, 128_000, "1 0.1 1.25 2.5 5 0", OPENAI),
    ("anthropic", "claude-sonnet-5-5", "Claude Sonnet 5.5", "chat", 200_000, 64_000, "2 0.2 2.5 4 10 0", {}),
    (
        "anthropic",
        "claude-haiku-5-5",
        "Claude Haiku 5.5",
        "chat",
        200_000,
        64_000,
        "0.10 0.010 0.125 0.2 0.50 0",
        HAIKU,
    ),
    ("openai", "gpt-image-2.6-flare", "GPT Image 2.6 Flare", "image", 128_000, 4_096, "5 0 0 0 30 0.1248", {}),
)
ENDS = (
    ("anthropic", "claude-sonnet-4-5", dt.date(2026, 11, 30), "claude-sonnet-5-5"),
    ("openai", "gpt-image-1-mini", dt.date(2026, 12, 1), "gpt-image-2.6-flare"),
    ("openai", "gpt-5-mini", dt.date(2026, 12, 11), "gpt-6.1-terra"),
    ("openai", "gpt-4o-mini", dt.date(2027, 1, 14), "gpt-6-luna"),
    ("openai", "gpt-4o", dt.date(2027, 1, 14), "gpt-6-luna"),
)
PRICES = ("input", "cache_read", "cache_write", "cache_write_long", "output", "image")


def fill(apps, schema_editor):
    if current().schema_name != PUBLIC_SCHEMA:
        return
    Model, Price = apps.get_model("assistants", "Model"), apps.get_model("assistants", "Price")
    if not Model.objects.exclude(provider="local").exists():
        return
    for provider, name, label, kind, context, output, amounts, long in MODELS:
        limits = {"label": label, "kind": kind, "limit_context": context, "limit_output": output}
        model, made = Model.objects.get_or_create(provider=provider, name=name, defaults=limits)
        if made:
            dollars = dict(zip(PRICES, map(Decimal, amounts.split()), strict=True))
            euros = {f"{key}_eur": (value * RATE).quantize(SIX) for key, value in dollars.items()}
            of_day = {"currency": "USD", "rate": RATE, "rate_date": dt.date(2026, 1, 2)}
            Price.objects.create(model=model, valid_from=START, **of_day, **dollars, **euros, **long)
    for provider, name, day, successor in ENDS:
        old = Model.objects.filter(provider=provider, name=name).first()
        if old is not None:
            after = Model.objects.get(provider=provider, name=successor)
            old.ends_on, old.fallback_id = old.ends_on or day, old.fallback_id or after.pk
            old.save(update_fields=["ends_on", "fallback"])


class Migration(migrations.Migration):
    dependencies = [("assistants", "0002_ends_and_long_prices")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
