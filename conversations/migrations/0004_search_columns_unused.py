"""The search column of before is no longer known, nor filled; it goes in a later release.

The release that still runs goes on asking it, and until it is replaced finds what was written before.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("conversations", "0003_words_index")]
    locks_because = "DROP EXPRESSION changes the catalogue only: no row is read, the lock is held for a moment"

    operations = [
        migrations.RemoveIndex("message", "conversations_msg_search"),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "ALTER TABLE conversations_message ALTER COLUMN search DROP EXPRESSION",
                    migrations.RunSQL.noop,
                )
            ],
            state_operations=[migrations.RemoveField("message", "search")],
        ),
    ]
