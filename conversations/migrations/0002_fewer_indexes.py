"""Drop the indexes of conversations that no query uses.

By SQL, with names that Django derives from table and column: its own AlterField would take the foreign key's
constraint away and check it again on every row.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# (index, column)
UNUSED = (
    # conversations_author_active begins with the author.
    ("conversations_conversation_author_id_32c3573e", "author_id"),
    # Nobody asks for the conversations of one assistant, and assistants are never deleted.
    ("conversations_conversation_assistant_id_65ea9e8a", "assistant_id"),
)


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    sql=f"DROP INDEX IF EXISTS {index}",
                    reverse_sql=f"CREATE INDEX IF NOT EXISTS {index} ON conversations_conversation ({column})",
                )
                for index, column in UNUSED
            ],
            state_operations=[
                migrations.AlterField(
                    model_name="conversation",
                    name="author",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                migrations.AlterField(
                    model_name="conversation",
                    name="assistant",
                    field=models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="assistants.assistant",
                    ),
                ),
            ],
        ),
        # An answer that is being written is looked for in its thread, through that index.
        migrations.RemoveIndex(model_name="message", name="conversations_msg_open"),
    ]
