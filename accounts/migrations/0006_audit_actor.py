from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # The audit log grows: nobody's act waits while its index is built.
    atomic = False

    dependencies = [("accounts", "0005_profile")]

    operations = [
        AddIndexConcurrently("auditentry", models.Index(fields=["actor_id", "-id"], name="accounts_audit_actor")),
    ]
