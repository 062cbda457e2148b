"""The search columns of before are no longer known, nor filled; they go in a later release.

The release that still runs goes on asking them, and until it is replaced finds what was written before.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("library", "0003_words_index")]
    locks_because = "DROP EXPRESSION changes the catalogue only: no row is read, the lock is held for a moment"

    operations = [
        migrations.RemoveIndex("item", "library_item_search"),
        migrations.RemoveIndex("item", "library_item_search_en"),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "ALTER TABLE library_item ALTER COLUMN search DROP EXPRESSION,"
                    " ALTER COLUMN search_english DROP EXPRESSION",
                    migrations.RunSQL.noop,
                )
            ],
            state_operations=[
                migrations.RemoveField("item", "search"),
                migrations.RemoveField("item", "search_english"),
            ],
        ),
    ]
