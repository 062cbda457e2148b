"""Ordinary ORM, and iterators that are half consumed while the request looks elsewhere."""

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Count, F

from accounts.models import User
from conversations.models import Conversation
from library.models import Item
from tests.isolation.interleaving import visit as present
from tests.isolation.interleaving.registry import act
from tests.isolation.interleaving.visit import Visit, name, title
from tests.isolation.interleaving.world import COUNTER, ITEMS, PERSON, THREAD


@act(weight=40, anywhere=True)
def read(visit: Visit) -> None:
    visit.sees(visit.look(), visit.look())


@act(weight=20, anywhere=True)
def look_elsewhere_and_come_back(visit: Visit) -> None:
    visit.look_there()
    visit.sees(visit.look())
    visit.look_there()


@act(weight=20, anywhere=True)
def write(visit: Visit) -> None:
    visit.add_and_tell()


@act(anywhere=True)
def write_elsewhere(visit: Visit) -> None:
    with visit.elsewhere():
        visit.add_and_tell(there=True)
    visit.add_and_tell()


@act()
def write_in_bulk(visit: Visit) -> None:
    made = Item.objects.bulk_create([visit.item() for _ in range(3)])
    visit.look_there()
    assert Item.objects.filter(pk__in=[item.pk for item in made]).update(size=F("size") + 1) == 3
    assert made[0].delete()[0] == 1
    visit.wrote("library_item", 2)


@act()
def count_up(visit: Visit) -> None:
    assert Item.objects.filter(pk=COUNTER).update(size=F("size") + 1) == 1
    visit.wrote("counter")


@act()
def save_what_was_read(visit: Visit) -> None:
    """An object read here is saved here, wherever the request has been between."""
    with transaction.atomic():
        item = Item.objects.select_for_update().get(pk=COUNTER)
        visit.look_there()
        item.size += 1
        item.save(update_fields=["size"])
    visit.sees(item.title)
    visit.wrote("counter")


@act()
def relations(visit: Visit) -> None:
    item = Item.objects.select_related("author", "conversation").get(pk=ITEMS[1])
    thread = Conversation.objects.prefetch_related("items").get(pk=THREAD)
    visit.sees(item.author.name, item.conversation.title, *[one.title for one in thread.items.all() if one.pk in ITEMS])
    lazy = Item.objects.get(pk=ITEMS[2])
    visit.look_there()
    visit.sees(lazy.author.name)


@act()
def aggregates(visit: Visit) -> None:
    rows = Item.objects.filter(pk__in=ITEMS).values("title").annotate(many=Count("pk"))
    assert [row["many"] for row in rows] == [len(ITEMS)]
    visit.sees(rows[0]["title"])
    assert User.objects.filter(pk=PERSON, name=visit.here.mark).exists()


@act(weight=15)
def half_an_iterator(visit: Visit) -> None:
    """A cursor on the server keeps to the schema it was opened in."""
    rows = Item.objects.filter(pk__in=ITEMS).order_by("pk").iterator(chunk_size=2)
    visit.sees(next(rows).title)
    visit.look_there()
    visit.sees(title())
    if visit.dice.random() < 0.5:
        visit.sees(*[row.title for row in rows])
    else:
        rows.close()


@act()
def iterator_in_a_transaction(visit: Visit) -> None:
    with transaction.atomic():
        rows = Item.objects.filter(pk__in=ITEMS).iterator(chunk_size=2)
        visit.sees(next(rows).title)
        with visit.elsewhere():
            visit.sees_there(name())
            if visit.there.ref:
                others = Item.objects.filter(pk__in=ITEMS).iterator(chunk_size=2)
                visit.sees_there(next(others).title, *[row.title for row in others])
        visit.sees(*[row.title for row in rows])


@act()
def lock(visit: Visit) -> None:
    with transaction.atomic():
        row = User.objects.select_for_update().get(pk=PERSON)
        visit.sees(row.name)
        Item.objects.filter(pk=COUNTER).update(size=F("size") + 1)
    visit.wrote("counter")


@act()
def content_types(visit: Visit) -> None:
    kind = ContentType.objects.get_for_model(Item)
    visit.sees(kind.get_object_for_this_type(pk=ITEMS[3]).title)
    with visit.elsewhere():
        again = ContentType.objects.get_for_id(kind.pk)
        persons = ContentType.objects.get_for_model(User)
        visit.sees_there(persons.get_object_for_this_type(pk=PERSON).name)
    assert (again.app_label, again.model) == ("library", "item")
    visit.sees(persons.get_object_for_this_type(pk=PERSON).name)


@act()
def get_or_create(visit: Visit) -> None:
    """get_or_create, twice: the second finds what the first made."""
    email = f"{present.RUN}.{visit.number}.once@rows.test"
    for _ in range(2):
        person, _made = User.objects.get_or_create(email=email, defaults={"name": visit.here.mark})
        visit.look_there()
    visit.sees(person.name)
    visit.wrote("accounts_user")
