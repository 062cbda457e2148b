"""Plans and usage are apps of their own: their models leave this one. No table is touched."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("billing", "0011_first_terms"), ("plans", "0001_initial"), ("usage", "0001_initial")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.DeleteModel(name=name)
                for name in (
                    "TenantAddOn",
                    "Override",
                    "Price",
                    "Entitlement",
                    "AddOn",
                    "Plan",
                    "QuotaCounter",
                    "QuotaNotice",
                    "Reservation",
                    "UsageEvent",
                )
            ]
        )
    ]
