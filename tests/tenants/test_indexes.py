"""Every index of a workspace's schema has a reason: at a thousand schemas, each one costs a thousand."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, NamedTuple

import pytest
from allauth.account.internal.userkit import filter_users_by_email
from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.db import connection, models

from accounts.models import User
from accounts.selectors import acts_of
from conversations import selectors as conversations
from conversations.models import Conversation, Message
from library import selectors as library
from library import services as library_services
from library.models import Item, Share
from notifications import selectors as notifications
from tenants.context import current
from tenants.sql import owner_transaction

# What each index is for. A new one needs a line here and, where a query uses it, a proof below.
UNIQUE = {
    "account_emailaddress_user_id_email_987c8728_uniq": "an address stands once with a person; the addresses of one",
    "account_emailconfirmation_key_key": "a key opens one address",
    "accounts_user_email_lower": "an e-mail is one person, however it is written; signing in",
    "accounts_user_groups_user_id_group_id_59c0b32f_uniq": "a group once a person",
    "accounts_user_user_permi_user_id_permission_id_2ab516c2_uniq": "a permission once a person",
    "conversations_pin_once": "a person pins a conversation once; whether it is pinned; pins that go with it",
    "library_filetext_part": "a part of a file's words stands once; those of one file, which go with it",
    "library_item_message_id_key": "one item an answer; the item of an answer that is saved again",
    "notifications_one_choice_a_kind": "a person chooses once for a kind; the choices of one person",
    "notifications_one_unread_a_group": "one unread notification a group: told again, it is counted",
    "workspace_invitation_once": "an address is invited once at a time; those that wait",
    "workspace_group_name": "a name is one group",
    "workspace_group_once": "a person stands once in a group; the people of one, which go with it",
    "unique_primary_email": "a person has one main address",
    "unique_verified_email": "a confirmed address is one person's",
}
LOOKUPS = {
    "workspace_membership_person_id_b5e81fbf": "the groups of a person; memberships that go with them",
    "accounts_audit_actor": "home: what a person did lately",
    "account_emailaddress_email_03be32b2": "signing in: the people of an address, confirmed or not",
    "conversations_author_active": "home: a person's latest conversations; those that go with their author",
    "conversations_msg_thread": "a thread, its open answers; messages that go with their conversation",
    "library_item_author": "home: a person's latest items; those that go with their author",
    "conversations_msg_words": "full text: what was said",
    "conversations_title_words": "full text: titles of conversations",
    "library_filetext_words": "full text: what stands in files",
    "library_item_conversation_id_4fd540ed": "the items of a conversation that goes",
    "library_item_tags": "the library narrowed to a tag",
    "library_item_title_words": "full text: titles of items, which come first",
    "library_item_words": "full text: items",
    "notifications_of_a_person": "the bell and its page: a person's latest; those that go with their person",
    "library_share_item_id_dfeb56ca": "the links of an item; those that go with it",
}
# The budget of a workspace's schema.
MOST_TABLES, MOST_INDEXES = 150, 300


class Index(NamedTuple):
    name: str
    table: str
    is_primary: bool
    is_unique: bool
    is_partial: bool
    method: str
    columns: list[int]


@pytest.fixture
def indexes(people: Any) -> list[Index]:
    """The indexes of the workspace in context, from the catalogue."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.relname, t.relname, x.indisprimary, x.indisunique, x.indpred IS NOT NULL, m.amname,"
            " x.indkey::int2[] FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid"
            " JOIN pg_class t ON t.oid = x.indrelid JOIN pg_am m ON m.oid = i.relam"
            " WHERE t.relnamespace = %s::regnamespace ORDER BY 1",
            [current().schema_name],
        )
        return [Index(*row) for row in cursor.fetchall()]


def test_every_index_has_a_reason(indexes):
    found = {index.name for index in indexes if not index.is_primary}
    assert found - set(UNIQUE) - set(LOOKUPS) == set()
    assert (set(UNIQUE) | set(LOOKUPS)) - found == set()
    assert len(indexes) <= MOST_INDEXES


def test_every_table_has_a_primary_key(indexes):
    """And those said to be unique are."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [current().schema_name])
        tables = {name for (name,) in cursor.fetchall()}
    assert {index.table for index in indexes if index.is_primary} == tables and 0 < len(tables) <= MOST_TABLES
    assert {index.name for index in indexes if index.is_unique and not index.is_primary} == set(UNIQUE)


def test_no_index_is_the_beginning_of_another(indexes):
    """A lookup by the first columns of an index goes through that index."""
    trees = [index for index in indexes if index.method == "btree" and not index.is_partial and 0 not in index.columns]
    for one in trees:
        for other in trees:
            if one is not other and not one.is_unique and one.table == other.table:
                assert other.columns[: len(one.columns)] != one.columns, f"{other.name} does what {one.name} does"


@dataclass(frozen=True)
class Shown:
    """A person with a conversation, a question in it, an item made of it."""

    person: Any
    conversation: Conversation
    question: Message
    item: Item

    def save_again(self) -> Item:
        return library_services.item_save_answer(
            message_id=self.question.pk,
            conversation_id=self.conversation.pk,
            author_id=self.person.pk,
            title="Titre",
            text="Texte",
            kind="text",
            provenance={},
        )


@pytest.fixture
def shown(people: Any) -> Shown:
    person = people.member
    conversation = Conversation.objects.create(author=person, assistant_id=uuid.uuid4(), title="Une conversation")
    question = Message.objects.create(conversation=conversation, role="user", text="Bonjour")
    made = Shown(person, conversation, question, item=Item())
    return Shown(person, conversation, question, item=made.save_again())


def _library_search(at: Shown) -> Any:
    return list(library.item_list(at.person, library.Filters(query="bonjour")))


PROOFS: list[tuple[str, Callable[[Shown], Any]]] = [
    ("accounts_audit_actor", lambda at: acts_of(at.person, 6)),
    ("account_emailaddress_email_03be32b2", lambda at: filter_users_by_email(at.person.email)),
    ("accounts_user_email_lower", lambda at: filter_users_by_email("nobody@atelier.test")),
    ("accounts_user_email_lower", lambda at: User.objects.get_by_natural_key(at.person.email.title())),
    (
        "account_emailaddress_user_id_email_987c8728_uniq",
        lambda at: list(EmailAddress.objects.filter(user_id=at.person.pk)),
    ),
    ("unique_primary_email", lambda at: EmailAddress.objects.get_primary(at.person)),
    ("unique_verified_email", lambda at: EmailAddress.objects.is_verified(at.person.email)),
    ("conversations_author_active", lambda at: conversations.recent(at.person)),
    ("conversations_author_active", lambda at: User.objects.get(pk=at.person.pk).delete()),
    ("conversations_pin_once", lambda at: list(conversations.conversation_list(at.person))),
    ("conversations_pin_once", lambda at: at.conversation.delete()),
    ("conversations_msg_thread", lambda at: conversations.thread(at.conversation)),
    ("conversations_msg_thread", lambda at: conversations.open_answers(at.conversation)),
    ("conversations_msg_thread", lambda at: at.conversation.delete()),
    ("conversations_title_words", lambda at: list(conversations.conversation_list(at.person, query="bonjour"))),
    ("conversations_msg_words", lambda at: list(conversations.conversation_list(at.person, query="bonjour"))),
    ("library_item_author", lambda at: library.recent(at.person)),
    ("library_item_author", lambda at: User.objects.get(pk=at.person.pk).delete()),
    ("library_item_conversation_id_4fd540ed", lambda at: at.conversation.delete()),
    ("library_item_message_id_key", Shown.save_again),
    ("library_filetext_words", _library_search),
    ("library_item_words", _library_search),
    ("library_item_title_words", _library_search),
    ("library_item_tags", lambda at: list(library.item_list(at.person, library.Filters(tag="client")))),
    ("notifications_of_a_person", lambda at: list(notifications.of_person(at.person)[:10])),
    ("notifications_of_a_person", lambda at: User.objects.get(pk=at.person.pk).delete()),
    ("library_share_item_id_dfeb56ca", lambda at: library.valid_shares(at.item)),
    ("library_share_item_id_dfeb56ca", lambda at: at.item.delete()),
    ("workspace_membership_person_id_b5e81fbf", lambda at: User.objects.get(pk=at.person.pk).delete()),
    ("django_session_pkey", lambda _: Session.get_session_store_class()("a" * 32).load()),
]


def test_every_lookup_is_proved():
    assert set(LOOKUPS) <= {name for name, _call in PROOFS}


@contextmanager
def _statements() -> Iterator[list[tuple[str, Any]]]:
    seen: list[tuple[str, Any]] = []

    def keep(execute: Any, sql: str, params: Any, many: bool, told: dict[str, Any]) -> Any:
        seen.append((sql, params))
        return execute(sql, params, many, told)

    with connection.execute_wrapper(keep):
        yield seen


def _plans(statements: list[tuple[str, Any]], *, by_bitmap: bool = False) -> str:
    """Every plan as text; where a table can be entered through an index, it is."""
    lines: list[str] = []
    with connection.cursor() as cursor:
        # In a table of one row all ways cost the same: without plain index scans too, a search enters by its own index
        # (a bitmap), or not at all.
        cursor.execute("SET LOCAL enable_seqscan = off")
        if by_bitmap:
            cursor.execute("SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off")
        for sql, params in statements:
            if sql.startswith(("SELECT", "UPDATE", "DELETE")):
                cursor.execute(f"EXPLAIN (COSTS off) {sql}", params)
                lines += [line for (line,) in cursor.fetchall()]
    return "\n".join(lines)


@pytest.mark.parametrize(("index", "call"), PROOFS, ids=[f"{name}-{n}" for n, (name, _) in enumerate(PROOFS)])
def test_a_query_uses_it(shown, index, call):
    Share.objects.create(item=shown.item, created_by=shown.person, expires_at=shown.item.created_at)
    with _statements() as statements:
        call(shown)
    # What the planner takes in so small a table is chance; by bitmap it enters through an index of the condition.
    plans = _plans(statements) + _plans(statements, by_bitmap=True)
    assert f" {index}" in plans, plans


LATER: list[tuple[type[models.Model], str, models.Field]] = [
    (Session, "session_key", models.CharField(max_length=64, primary_key=True)),
    (Session, "expire_date", models.DateTimeField(null=True)),
    (EmailAddress, "email", models.TextField(db_index=True)),
    (EmailAddress, "email", models.EmailField()),
    (Conversation, "assistant", models.UUIDField(db_column="assistant_id", db_index=True)),
]


@pytest.mark.parametrize(("model", "name", "changed"), LATER)
def test_a_later_change_does_not_miss_what_was_dropped(people, model, name, changed):
    """Django drops and makes indexes with a column: it must not stumble where one is gone already."""
    changed.set_attributes_from_name(name)
    changed.model = model
    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        editor.alter_field(model, model._meta.get_field(name), changed)
    assert editor.collected_sql
    with owner_transaction() as owner:
        owner.execute(f"SET LOCAL lock_timeout = '5s'; SET LOCAL search_path = {current().schema_name}".encode())
        owner.execute("\n".join(editor.collected_sql).encode())
        owner.rollback()


@pytest.mark.parametrize(
    "app", ["accounts.migrations.0003_fewer_indexes", "conversations.migrations.0002_fewer_indexes"]
)
def test_what_was_dropped_can_be_made_again(people, app):
    operations = import_module(app).Migration.operations
    operations = [inner for outer in operations for inner in getattr(outer, "database_operations", [outer])]
    pairs = [(one.sql, one.reverse_sql) for one in operations if hasattr(one, "reverse_sql")]
    assert len(pairs) == {"accounts": 10, "conversations": 2}[app.split(".")[0]]
    count = "SELECT count(*) FROM pg_indexes WHERE schemaname = current_schema()"
    with owner_transaction() as owner:
        owner.execute(f"SET LOCAL lock_timeout = '5s'; SET LOCAL search_path = {current().schema_name}".encode())
        (before,) = owner.execute(count).fetchone() or (0,)
        for _forward, back in pairs:
            owner.execute(back)
        assert owner.execute(count).fetchone() == (before + len(pairs),)
        for forward, _back in pairs:
            owner.execute(forward)
        assert owner.execute(count).fetchone() == (before,)
        owner.rollback()
