from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_audit_actor")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="last_seen_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="dernière visite"),
        ),
    ]
