"""The index of folded words, built beside the running release. It takes existing rows in, as every index does."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

from tenants.search import Words


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("conversations", "0002_fewer_indexes")]

    operations = [
        AddIndexConcurrently("conversation", GinIndex(Words("title"), name="conversations_title_words")),
        AddIndexConcurrently(
            "message", GinIndex(Words("text"), name="conversations_msg_words", condition=~models.Q(state="streaming"))
        ),
    ]
