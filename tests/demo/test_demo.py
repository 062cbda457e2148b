"""The demonstration: equal totals in all tables, idempotent creation, complete removal."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum
from django.test import override_settings
from django.utils import timezone

from accounts.models import AuditEntry, Role, User
from analytics.models import ActiveMember, DailyFigures
from assistants.models import Model
from conversations import selectors
from conversations.models import Conversation, Message, Pin
from demo import removal, services
from demo.texts import scripts
from demo.workspaces import OPERATOR, WORKSPACES, Workspace
from events.jobs import drain
from library.models import Item
from library.selectors import storage_used
from plans.types import AI_EUROS, TOKENS
from tenants.context import public_context
from tenants.models import Tenant
from tenants.sql import owner_transaction
from tests.people import People
from ui.markdown import render
from usage.models import QuotaCounter, UsageEvent

HOME = Workspace(
    slug="atelier",
    name="Atelier",
    domain="atelier.test",
    owner="Owner",
    plan="pro",
    people=(
        ("admin", Role.ADMIN, "Admin", 2),
        ("instructor", Role.INSTRUCTOR, "I", 1),
        ("member", Role.MEMBER, "M", 3),
    ),
    exchanges_per_weekday=5,
    script_file="atelier.md",
)


@pytest.fixture
def filled(people: People) -> People:
    assert services.fill(HOME, people.home) > 60
    return people


def test_totals_are_equal_in_messages_ledger_counters_and_figures(filled: People) -> None:
    answers = Message.objects.filter(role=Message.Role.ASSISTANT)
    totals = answers.aggregate(cost=Sum("cost"), tokens=Sum("tokens"))
    events = UsageEvent.objects.filter(tenant_id=filled.home.id)
    assert set(events.values_list("reference", flat=True)) == set(answers.values_list("pk", flat=True))
    tokens = sum(event.total_tokens for event in events)
    assert (totals["tokens"], totals["cost"]) == (tokens, events.aggregate(cost=Sum("cost"))["cost"])
    assert totals["cost"] > Decimal("0.1")
    days = DailyFigures.objects.filter(tenant_id=filled.home.id)
    figures = days.aggregate(*map(Sum, ("answers", "tokens", "cost", "contents", "failures", "active_members")))
    assert figures == {
        "answers__sum": answers.count(),
        "tokens__sum": tokens,
        "cost__sum": totals["cost"],
        "contents__sum": Item.objects.count(),
        "failures__sum": answers.filter(state="failed").count(),
        "active_members__sum": ActiveMember.objects.filter(tenant_id=filled.home.id).count(),
    }
    counters = QuotaCounter.objects.filter(tenant_id=filled.home.id)
    used = {
        key: counters.filter(meter=key).aggregate(used=Sum("used"))["used"] for key in (TOKENS, AI_EUROS, "storage")
    }
    assert used == {TOKENS: tokens, AI_EUROS: totals["cost"], "storage": storage_used()}


def test_costs_follow_the_prices(filled: People) -> None:
    events = list(UsageEvent.objects.filter(tenant_id=filled.home.id))
    prices = {row.pk: row for model in Model.objects.all() for row in model.prices.all()}
    for event in events:
        price = prices[event.price_id]
        buckets = (
            (event.input_tokens, price.input_eur),
            (event.cache_read_tokens, price.cache_read_eur),
            (event.output_tokens, price.output_eur),
        )
        assert event.cost == sum(Decimal(n) * price_per_million for n, price_per_million in buckets) / 1_000_000
    assert not any(
        price.model.is_demonstration for price in map(prices.get, {event.price_id for event in events}) if price
    )


def test_history_covers_thirty_days_without_future_dates(filled: People) -> None:
    days = set(DailyFigures.objects.filter(tenant_id=filled.home.id).values_list("day", flat=True))
    today = timezone.localdate()
    assert min(days) >= today - dt.timedelta(days=31)
    assert len(days) > 18
    for rows in (Message.objects.values_list("created_at", "pk"), UsageEvent.objects.values_list("at", "pk")):
        for at, key in rows:
            assert at < timezone.now()
            # Keys sort as their moments do.
            assert abs((key.int >> 80) / 1000 - at.timestamp()) < 1
    assert services.fill(HOME, filled.home) == 0


def test_missing_days_are_added(people: People) -> None:
    then = timezone.now() - dt.timedelta(days=9)
    services.fill(HOME, people.home, now=then)
    before = UsageEvent.objects.filter(tenant_id=people.home.id).count()
    written = Pin.objects.count()
    assert services.fill(HOME, people.home) > 5
    newer = UsageEvent.objects.filter(tenant_id=people.home.id, at__gt=then)
    assert UsageEvent.objects.filter(tenant_id=people.home.id).count() == before + newer.count()
    assert Pin.objects.count() == written == 2


def test_each_person_has_own_conversations(filled: People) -> None:
    lists = {
        name: selectors.conversation_list(getattr(filled, name)) for name in ("owner", "admin", "instructor", "member")
    }
    assert all(len(rows) > 3 for rows in lists.values())
    assert {row.author_id for row in lists["owner"] if row.visibility == "private"} == {filled.owner.pk}
    assert Conversation.objects.filter(archived_at__isnull=False).exists()
    pictures = Item.objects.filter(kind="image")
    assert [item.media_type for item in pictures] == ["image/png"]
    assert {item.file_name.rpartition(".")[2] for item in Item.objects.exclude(file="")} == {"png", "pdf", "csv", "md"}
    codes = {row.assistant.code for row in Conversation.objects.select_related("assistant")}
    assert codes == {"general", "posts", "performance", "images"}


def test_written_conversations_are_valid_markdown() -> None:
    pages = " ".join(render(answer) for script in scripts("atelier.md") for _question, answer in script.turns)
    assert all(f"<{tag}" in pages for tag in ("table", "code", "ol", "ul", "h", "blockquote"))
    for name in ("atelier.md", "tilleul.md", "everyday.md"):
        for script in scripts(name):
            filled = script.with_names(client="le café", ville="Lyon", jour="jeudi")
            text = " ".join([filled.title, *(part for turn in filled.turns for part in turn)])
            assert "{" not in text.replace("{total(", ""), text
            assert " à le " not in text and " de le " not in text
            assert "'" not in text.partition("```")[0], text


def _everything() -> dict[str, str]:
    """A digest of every table of the public schema and of the workspaces of the tests."""
    with owner_transaction() as owner:
        tables = owner.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'public'"
            " OR schemaname IN (SELECT schema_name FROM tenants_tenant) ORDER BY 1"
        ).fetchall()
        digests = {}
        for (table,) in tables:
            sql = f"SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {table} t"
            row = owner.execute(sql.encode()).fetchone()
            digests[table] = row[0] if row else ""
    return digests


@pytest.fixture
def nobody_left(people: People) -> Iterator[None]:
    yield
    # Not by the model: in public, what hangs on a person in a workspace is not there to be looked for.
    with owner_transaction() as owner:
        owner.execute("DELETE FROM account_emailaddress WHERE email = %s", [OPERATOR])
        owner.execute("DELETE FROM accounts_user WHERE email = %s", [OPERATOR])


@pytest.mark.committed
def test_creation_is_idempotent_and_removal_leaves_nothing(people: People, settings: Any, nobody_left: None) -> None:
    with override_settings(RUCHE_EMBEDDED=False), pytest.raises(RuntimeError):
        services.make_demo()
    settings.RUCHE_EMBEDDED = True
    before = _everything()
    assert services.make_demo() == "made"
    slugs = {workspace.slug for workspace in WORKSPACES}
    with public_context():
        assert slugs <= set(Tenant.objects.values_list("slug", flat=True))
        events = UsageEvent.objects.filter(tenant_slug__in=slugs).count()
    assert events > 150
    assert services.make_demo() == "there"
    with public_context():
        assert UsageEvent.objects.filter(tenant_slug__in=slugs).count() == events
        operator = User.objects.get(email=OPERATOR)
    assert set(removal.remove_demo(actor="test")) == slugs
    with public_context():
        # What remains by intent: the operator's way in, and that it was removed.
        entries = AuditEntry.objects.filter(action__in=(removal.REMOVED, "operator.created")).order_by("-id")[:2]
        assert {entry.target for entry in entries} == {"", operator.email}
    # Facts that were not delivered yet went with their workspaces.
    with public_context():
        drain()
    assert services.make_demo() == "removed"
    after = _everything()
    of_ours = {
        "accounts_user",
        "accounts_auditentry",
        "account_emailaddress",
        "tenants_readyschema",
        "tenants_appliedset",
    }
    differ = {name for name in before if before[name] != after.get(name)} - {f"public.{name}" for name in of_ours}
    assert not differ
    assert after.keys() == before.keys()
