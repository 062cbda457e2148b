"""The code no longer knows `pinned_at`. The column goes in a later release: the one before this still reads it."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("conversations", "0006_pins_of_authors")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.RemoveField(model_name="conversation", name="pinned_at")]
        ),
    ]
