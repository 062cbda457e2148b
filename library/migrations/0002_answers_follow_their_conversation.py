"""Answers took their conversation's visibility as their own and kept it when the sharing ended.

From now on they follow it: what no author published by an act is private in itself. Links that others made to what
nobody but its author sees any more end. In portions, and nothing is lost: a shared conversation still shows its items.
"""

from django.db import migrations
from django.db.models import F, Q
from django.utils import timezone

PORTION = 1_000


def follow(apps, schema_editor):
    Item = apps.get_model("library", "Item")
    AuditEntry = apps.get_model("accounts", "AuditEntry")
    acts = AuditEntry.objects.filter(action="library.visibility", details__after="workspace")
    published = {}
    for target, actor in acts.values_list("target", "actor_id").iterator():
        published.setdefault(target, set()).add(actor)
    rows = Item.objects.filter(visibility="workspace", conversation__isnull=False).order_by("pk")
    last = None
    while True:
        portion = rows.filter(pk__gt=last) if last else rows
        found = list(portion.values_list("pk", "author_id")[:PORTION])
        if not found:
            break
        last = found[-1][0]
        taken = [pk for pk, author in found if author not in published.get(f"item:{pk}", ())]
        Item.objects.filter(pk__in=taken).update(visibility="private")
    end_links(apps)


def end_links(apps):
    Share = apps.get_model("library", "Share")
    unseen = Share.objects.filter(revoked_at=None, item__visibility="private").exclude(
        item__conversation__visibility="workspace"
    )
    of_others = unseen.filter(~Q(created_by=F("item__author")) | Q(created_by=None))
    keys = list(of_others.order_by().values_list("pk", flat=True))
    Share.objects.filter(pk__in=keys).update(revoked_at=timezone.now())


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_fewer_indexes"),
        ("conversations", "0002_fewer_indexes"),
        ("library", "0001_initial"),
    ]

    operations = [migrations.RunPython(follow, migrations.RunPython.noop)]
