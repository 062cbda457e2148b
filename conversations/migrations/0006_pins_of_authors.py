"""What was pinned was pinned by its author: nobody else could."""

from django.db import migrations


def give_to_authors(apps, schema_editor):
    conversations = apps.get_model("conversations", "Conversation").objects.filter(pinned_at__isnull=False)
    Pin = apps.get_model("conversations", "Pin")
    rows = conversations.values_list("pk", "author_id", "pinned_at").iterator(chunk_size=1000)
    Pin.objects.bulk_create(
        (Pin(conversation_id=pk, person_id=author, created_at=at) for pk, author, at in rows),
        batch_size=1000,
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("conversations", "0005_pins")]

    operations = [migrations.RunPython(give_to_authors, migrations.RunPython.noop)]
