"""One resolver: the operator's exception, then options, the plan, the default; seen at once, and explained."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.access import NotEntitled
from accounts.models import AuditEntry
from plans import entitlements, grants, seeds
from plans.models import AddOn, Entitlement, Override, Plan, Price, TenantAddOn
from plans.types import SourceKind
from tenants.context import public_context, tenant_context
from tests.modules import register
from tests.plans.module_urls import MODULES


def of_home(people):
    return entitlements.for_tenant(people.home)


def source(people, key):
    found = of_home(people).source(key)
    return found.kind, found.name


def test_the_plan_speaks_where_nobody_else_does(people):
    found = of_home(people)
    assert (found.plan_name, found.limit("seats"), found.changes_at) == ("Pro", 15, None)
    assert source(people, "seats") == (SourceKind.PLAN, "Pro")
    assert found.has("courses") and not found.has("analytics")


def test_what_nobody_names_is_not_given(people):
    assert of_home(people).limit("no-such-thing") == 0
    assert not of_home(people).has("no-such-thing")
    with pytest.raises(NotEntitled) as refused:
        entitlements.require("no-such-thing")
    assert refused.value.key == "no-such-thing"


def test_the_default_is_below_the_plan(people):
    with public_context():
        Entitlement.objects.create(key="seats", label="Places", limit=99)
        Entitlement.objects.create(key="help", label="Aide", limit=None)
        entitlements.forget_all()
    assert of_home(people).limit("seats") == 15
    assert source(people, "help") == (SourceKind.DEFAULT, "")
    assert of_home(people).limit("help") is None


def test_an_option_is_above_the_plan_and_takes_nothing_away(people, give):
    give("more", seats=40, storage=1)
    assert (of_home(people).limit("seats"), source(people, "seats")) == (40, (SourceKind.ADD_ON, "More"))
    assert (of_home(people).limit("storage"), source(people, "storage")) == (50 * seeds.GB, (SourceKind.PLAN, "Pro"))


def test_of_several_options_the_most_generous_counts(people, give):
    give("some", seats=20)
    give("most", seats=60)
    give("few", seats=16)
    assert (of_home(people).limit("seats"), source(people, "seats")[1]) == (60, "Most")
    give("all", seats=None)
    assert of_home(people).limit("seats") is None


def test_an_option_taken_several_times_counts_as_often(people, give):
    give("packs", quantity=3, seats=10)
    assert of_home(people).limit("seats") == 30


def test_the_exception_is_above_all_of_them(people, give, grant):
    give("most", seats=60)
    grant("seats", Decimal(4))
    assert (of_home(people).limit("seats"), source(people, "seats")) == (4, (SourceKind.OVERRIDE, "essai"))
    grant("seats", None)
    assert of_home(people).limit("seats") is None
    grant("courses", Decimal(0))
    assert not of_home(people).has("courses")
    assert Override.objects.filter(tenant_id=people.home.id, key="seats", ended_at=None).count() == 1


def test_an_exception_gives_what_nothing_else_names(people, grant):
    grant("analytics", Decimal(1))
    assert of_home(people).right("analytics").label == "Statistiques avancées"
    assert entitlements.require("analytics") == people.home


def test_an_exception_that_is_ended_lets_the_plan_speak(people, grant):
    row = grant("seats", Decimal(4))
    grants.override_end(override_id=row.pk, reason="fini", actor=people.operator)
    assert of_home(people).limit("seats") == 15
    grants.override_end(override_id=row.pk, reason="encore", actor=people.operator)
    assert AuditEntry.objects.filter(action="override.ended").count() == 1


@pytest.mark.committed
def test_what_expires_is_gone_from_memory_at_its_moment(people, grant, give):
    """Nothing is written when it happens, and nobody tells."""
    try:
        grant("seats", Decimal(4), days=1)
        give("analytics", days=1)
        assert (of_home(people).limit("seats"), of_home(people).has("analytics")) == (4, True)
        assert of_home(people).changes_at is not None
        soon = timezone.now() + timedelta(seconds=0.3)
        Override.objects.filter(tenant_id=people.home.id).update(expires_at=soon)
        TenantAddOn.objects.filter(tenant_id=people.home.id).update(until=soon)
        entitlements.forget(people.home.id)
        _wait_until(lambda: entitlements._cache.peek(str(people.home.id)) is not None, people)
        while timezone.now() < soon:
            assert of_home(people).limit("seats") in (4, 15)
        assert (of_home(people).limit("seats"), of_home(people).has("analytics")) == (15, False)
    finally:
        _clean(people)


def _wait_until(seen, people, seconds=5):
    until = timezone.now() + timedelta(seconds=seconds)
    while not seen() and timezone.now() < until:
        of_home(people)


def _clean(people):
    with public_context():
        Override.objects.filter(tenant_id=people.home.id).delete()
        TenantAddOn.objects.filter(tenant_id=people.home.id).delete()
        entitlements.forget(people.home.id)


def test_an_option_to_come_is_not_there_yet(people):
    with public_context():
        TenantAddOn.objects.create(
            tenant_id=people.home.id, add_on_id="analytics", since=timezone.now() + timedelta(hours=1)
        )
        entitlements.forget(people.home.id)
    assert not of_home(people).has("analytics")
    assert of_home(people).changes_at is not None


def test_a_neighbour_has_nothing_of_it(people, give, grant):
    give("analytics")
    grant("seats", Decimal(4))
    away = entitlements.for_tenant(people.away)
    assert (away.limit("seats"), away.has("analytics")) == (15, False)


@pytest.mark.committed
def test_an_answer_from_memory_asks_no_query(people, django_assert_num_queries):
    _wait_until(lambda: entitlements._cache.peek(str(people.home.id)) is not None, people)
    with django_assert_num_queries(0):
        assert of_home(people).limit("seats") == 15


@pytest.mark.committed
def test_a_change_that_is_rolled_back_is_seen_inside_alone(people, grant):
    with transaction.atomic():
        grant("seats", Decimal(4))
        assert of_home(people).limit("seats") == 4
        transaction.set_rollback(True)
    assert of_home(people).limit("seats") == 15


def test_both_logs_keep_what_the_operator_gives(people, give, grant):
    row = grant("seats", Decimal(4), days=2)
    option = give("analytics")
    grants.override_end(override_id=row.pk, reason="fini", actor=people.operator)
    grants.add_on_revoke(tenant_add_on_id=option.pk, reason="rendue", actor=people.operator)
    acts = ["add_on.given", "add_on.taken", "override.ended", "override.granted"]
    for here in (public_context(), tenant_context(people.home)):
        with here:
            entries = {entry.action: entry for entry in AuditEntry.objects.filter(action__in=acts, target="atelier")}
            assert sorted(entries) == acts
            assert {entry.actor for entry in entries.values()} == {people.operator.email}
            assert entries["override.granted"].details["reason"] == "essai"
    assert not of_home(people).has("analytics")


def test_what_makes_no_sense_is_refused_and_leaves_nothing(people, give, grant):
    give("analytics")
    with pytest.raises(ValidationError):
        give("analytics")
    with pytest.raises(ValidationError):
        grant("seats", Decimal(-1))
    with pytest.raises(ValidationError):
        grant("seats", Decimal(1), days=-1)
    paid = TenantAddOn.objects.create(
        tenant_id=people.home.id, add_on_id="white_label", since=timezone.now(), source="stripe"
    )
    with pytest.raises(ValidationError):
        grants.add_on_revoke(tenant_add_on_id=paid.pk, reason="non", actor=people.operator)
    assert Override.objects.count() == 0 and TenantAddOn.objects.filter(until=None).count() == 2


# the catalogue


def test_the_catalogue_is_seeded_once_and_then_the_operators(people):
    with public_context():
        assert Price.objects.filter(is_active=True).count() == (3 + 4) * 2
        assert Price.objects.get(plan_id="pro", interval="year").amount_excl_vat == 1490
        Entitlement.objects.filter(add_on_id="unlimited_api", key="webhooks").delete()
        Price.objects.filter(plan_id="pro", interval="month").update(amount_excl_vat=150)
        AddOn.objects.filter(pk="analytics").update(name="Mes statistiques")
        seeds.seed()
        assert not Entitlement.objects.filter(add_on_id="unlimited_api", key="webhooks").exists()
        assert [row.amount_excl_vat for row in Price.objects.filter(plan_id="pro", interval="month")] == [150]
        assert AddOn.objects.get(pk="analytics").name == "Mes statistiques"


def test_another_price_is_another_row(people):
    from plans.prices import price_set

    with public_context():
        plan = Plan.objects.get(pk="pro")
        for amount in (Decimal(159), Decimal(159)):
            price_set(plan, interval="month", amount_excl_vat=amount, actor=people.operator)
        rows = Price.objects.filter(plan=plan, interval="month").order_by("id")
        assert [(row.amount_excl_vat, row.is_active) for row in rows] == [(149, False), (159, True)]
        assert Plan.objects.get(pk="pro").month_price == 159
        dollars = price_set(plan, interval="month", amount_excl_vat=Decimal(170), actor=people.operator, currency="USD")
        assert dollars.is_active and Plan.objects.get(pk="pro").month_price == 159
        assert AuditEntry.objects.filter(action="tariff.set").count() == 2


def test_the_unlimited_api_has_its_limits(people, give):
    give("unlimited_api")
    found = of_home(people)
    assert (found.limit("api_calls_month"), found.limit("api_calls_hour")) == (None, 10_000)
    assert found.has("webhooks") and found.has("api_all_endpoints")


# in views, services and navigation alike


@pytest.fixture
def with_modules(settings, monkeypatch):
    register(monkeypatch)
    settings.TENANT_URLCONF = "tests.plans.module_urls"


@pytest.mark.parametrize("key", MODULES)
def test_a_module_appears_and_disappears(people, client_for, with_modules, give, grant, key):
    client = client_for(people.member)
    pages = (f"/module/{key}/", f"/service/{key}/")
    assert [client.get(page).status_code for page in pages] == [403, 403]
    row = grant(key, Decimal(1))
    assert [client.get(page).status_code for page in pages] == [200, 200]
    grants.override_end(override_id=row.pk, reason="fini", actor=people.operator)
    assert [client.get(page).status_code for page in pages] == [403, 403]


@pytest.mark.parametrize("add_on", seeds.ADD_ON_LIMITS)
def test_an_option_opens_its_pages(people, client_for, with_modules, give, add_on):
    option = give(add_on)
    client = client_for(people.member)
    keys = [key for key in seeds.ADD_ON_LIMITS[add_on] if key in MODULES]
    assert {client.get(f"/module/{key}/").status_code for key in keys} == {200}
    grants.add_on_revoke(tenant_add_on_id=option.pk, reason="fini", actor=people.operator)
    assert {client.get(f"/module/{key}/").status_code for key in keys} == {403}


def test_a_blocked_feature_explains_itself(people, client_for, with_modules):
    for path in ("/module/analytics/", "/service/analytics/"):
        page = client_for(people.member).get(path)
        text = page.content.decode()
        assert page.status_code == 403 and "<html" in text
        assert "« Statistiques avancées » n’est pas compris" in text
        assert "L’option « Statistiques avancées »" in text and "29" in text
        assert "propriétaire de l’espace" in text and "/settings/plan/choose/?add_on=analytics" not in text
        owners = client_for(people.owner).get(path).content.decode()
        assert 'href="/settings/plan/choose/?add_on=analytics"' in owners and "Parlez-en au propriétaire" not in owners


def test_a_plan_that_has_it_is_named(people, client_for, with_modules, grant):
    with public_context():
        Entitlement.objects.create(plan_id="scale", key="analytics", label="Statistiques avancées", limit=1)
        Entitlement.objects.create(plan_id="pro", key="analytics", label="Statistiques avancées", limit=1)
    grant("analytics", Decimal(0))
    text = client_for(people.owner).get("/module/analytics/").content.decode()
    assert "L’offre Scale le comprend" in text and "L’offre Pro" not in text


def test_for_htmx_the_notice_alone(people, client_for, with_modules):
    for path in ("/module/analytics/", "/service/analytics/"):
        page = client_for(people.owner).get(path, headers={"HX-Request": "true"})
        text = page.content.decode()
        assert page.status_code == 403 and "<html" not in text and "data-refusal" in text
        assert (
            "« Statistiques avancées » n’est pas compris" in text and "/settings/plan/choose/?add_on=analytics" in text
        )


def test_the_navigation_shows_what_may_be_used(people, grant):
    from website.context_processors import visible_entries

    entries = [{"label": "A"}, {"label": "B", "entitlement": "analytics"}]
    assert [entry["label"] for entry in visible_entries(entries, people.home)] == ["A"]
    grant("analytics", Decimal(1))
    assert [entry["label"] for entry in visible_entries(entries, people.home)] == ["A", "B"]


def test_a_template_asks(people, grant):
    from django.template import Context, Template

    template = Template('{% load entitlements %}{% if tenant|may_use:"analytics" %}yes{% else %}no{% endif %}')
    assert template.render(Context({"tenant": people.home})) == "no"
    grant("analytics", Decimal(1))
    assert template.render(Context({"tenant": people.home})) == "yes"
    assert template.render(Context({"tenant": None})) == "no"


def test_a_limit_of_the_plan_in_a_service(people, client_for, with_modules, grant):
    """A quantity is a right as long as some of it is given."""
    client = client_for(people.member)
    assert client.get("/service/courses/").status_code == 200
    grant("courses", Decimal(0))
    assert client.get("/service/courses/").status_code == 403


def test_a_deleted_workspace_takes_its_exceptions_along(people, grant, give):
    from plans.services import tenant_deleting

    grant("seats", Decimal(4))
    give("analytics")
    tenant_deleting(people.home)
    assert not Override.objects.filter(tenant_id=people.home.id).exists()
    assert TenantAddOn.objects.get(tenant_id=people.home.id).until is not None


def test_an_unknown_workspace_may_use_what_everybody_may(people):
    assert entitlements.for_tenant_id(uuid4()).limit("seats") == 0
