"""The index of folded words, built beside the running release. It takes existing rows in, as every index does."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations

from tenants.search import Words


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("library", "0002_answers_follow_their_conversation")]

    operations = [
        AddIndexConcurrently("item", GinIndex(Words("title", "text"), name="library_item_words")),
        AddIndexConcurrently("item", GinIndex(Words("title"), name="library_item_title_words")),
    ]
