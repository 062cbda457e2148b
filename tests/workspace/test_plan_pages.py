"""The owner's pages of plan, payment and invoices, against the fake of Stripe."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import stripe
from django.utils import timezone

from accounts.models import User
from billing import api
from billing.models import BillingProfile, Cancellation, Coupon
from billing.subscription_types import Choice
from plans.models import AddOn, Entitlement, Plan, Price
from tenants import selectors, services
from tenants.context import public_context, tenant_context
from tenants.models import Tenant
from tenants.selectors import tenant_url
from tests.billing.stripe.conftest import push, state
from tests.billing.stripe.shopper import ADDRESS, REFUSED, Shopper, plain
from tests.modules import register
from tests.stripe_fake.shop import PERSON, visit

PLAN = "/settings/plan/"


@pytest.fixture(autouse=True)
def _all_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch)


@pytest.fixture
def shopper(fake, people) -> Shopper:
    push()
    return Shopper(fake, people)


@pytest.fixture
def owner(client_for, people) -> Any:
    return client_for(people.owner)


@pytest.fixture
def buyer(shopper) -> Shopper:
    """Pays for Starter by the month."""
    shopper.address()
    shopper.buy("starter")
    return shopper


def text(answer: Any) -> str:
    """What one reads: no tags, plain spaces."""
    body = re.sub(r"<(script|style|svg|template)\b.*?</\1>", "", answer.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", plain(re.sub(r"<[^>]*>", " ", body)))


def ticked() -> dict[str, str]:
    """What the order's form sends once the terms are accepted."""
    terms = api.terms.current()
    assert terms is not None
    return {"accept": "on", "version": str(terms.pk)}


def messages_of(answer: Any) -> str:
    return " ".join(str(message) for message in answer.context["messages"])


def part(client: Any, path: str) -> str:
    """As htmx loads it."""
    answer = client.get(path, headers={"HX-Request": "true"})
    assert answer.status_code == 200 and b"<html" not in answer.content
    return text(answer)


class TestBuying:
    def test_owner_buys_a_plan(self, shopper, owner, people):
        page = text(owner.get(f"{PLAN}choose/"))
        assert "Starter" in page and "349 €" in page and "La TVA s’ajoute" in page
        choice = "?plan=scale&interval=month&all=1&add_on=analytics"
        page = text(owner.get(f"{PLAN}choose/{choice}"))
        assert "378,00 €" in page
        details_page = owner.get(f"{PLAN}checkout/{choice}", follow=True)
        assert (
            details_page.request["PATH_INFO"] == f"{PLAN}details/"
            and "add_on=analytics" in details_page.request["QUERY_STRING"]
        )
        refused = owner.post(f"{PLAN}details/{choice}", {**ADDRESS, "postal_code": "69"})
        assert (
            refused.status_code == 422
            and "cinq chiffres" in text(refused)
            and "Atelier SARL" in refused.content.decode()
        )
        order = owner.post(f"{PLAN}details/{choice}", ADDRESS, follow=True)
        assert order.request["PATH_INFO"] == f"{PLAN}checkout/"
        assert all(amount in text(order) for amount in ("378,00 €", "75,60 €", "453,60 €", "TVA 20 %"))
        sent = owner.post(f"{PLAN}checkout/{choice}", ticked())
        assert sent.status_code == 302 and sent.url.startswith(shopper.fake.url)
        paid = visit(sent.url, do="pay", **PERSON)
        assert paid.location == tenant_url(people.home.domain, f"{PLAN}thanks/")
        assert "votre offre est active" in text(owner.get(f"{PLAN}thanks/"))
        page = text(owner.get(PLAN))
        assert all(
            words in page for words in ("Offre Scale", "Active", "Option Statistiques avancées", "Visa •••• 4242")
        )
        assert "453,60 € TTC" in part(owner, f"{PLAN}next/")
        assert "Payée" in part(owner, f"{PLAN}invoices/") and "378,00 €" in part(owner, f"{PLAN}invoices/")
        assert state(people) == "active"

    def test_choice_is_kept_after_an_abandoned_checkout(self, shopper, owner):
        shopper.address()
        sent = owner.post(f"{PLAN}checkout/?plan=pro&interval=year&all=1&add_on=certificates", ticked())
        back = re.search(r'href="([^"]*/choose/[^"]*)"', visit(sent.url).text)
        assert back is not None
        page = owner.get(back[1].replace("&amp;", "&").partition(".localhost")[2].lstrip(":0123456789"))
        assert page.context["choice"] == Choice("pro", "year", ("certificates",))
        assert "Aucun paiement n’est arrivé" in text(owner.get(f"{PLAN}thanks/"))

    def test_pending_debit_is_shown(self, shopper, owner):
        shopper.address()
        sent = owner.post(f"{PLAN}checkout/?plan=starter&all=1", ticked())
        debit = {"method": "sepa_debit", "iban": "FR14 2004 1010 0505 0001 3M02 606", "number": ""}
        assert visit(sent.url, do="pay", **{**PERSON, **debit}).status == 303
        assert "prélèvement SEPA est lancé" in text(owner.get(f"{PLAN}thanks/"))
        assert "Prélèvement en cours" in part(owner, f"{PLAN}invoices/")

    def test_unknown_code_is_refused_and_the_choice_kept(self, shopper, owner):
        shopper.address()
        answer = owner.post(f"{PLAN}checkout/?plan=scale&all=1&code=NULLEPART", ticked(), follow=True)
        assert answer.context["choice"] == Choice("scale", "month", (), "NULLEPART")
        assert "code" in messages_of(answer).lower()
        assert stripe.checkout.Session.list().data == []

    def test_link_preselects_a_plan_or_an_option(self, owner, buyer):
        chosen = owner.get(f"{PLAN}choose/?add_on=white_label").context["choice"]
        assert chosen == Choice("starter", "month", ("white_label",))
        assert owner.get(f"{PLAN}choose/?plan=nothing&add_on=nope&interval=day").context["choice"] == Choice("starter")
        assert "C’est ce que vous avez" in text(owner.get(f"{PLAN}choose/"))

    def test_yearly_price_shows_the_saving(self, owner, shopper):
        page = text(owner.get(f"{PLAN}choose/?plan=pro&interval=year&all=1&add_on=analytics"))
        assert "298 € de moins qu’au mois" in page and "290 € HT par an" in page

    def test_monthly_option_beside_a_yearly_plan_is_explained(self, owner, shopper):
        with public_context():
            Price.objects.filter(add_on_id="analytics", interval="year").update(is_active=False)
        page = text(owner.get(f"{PLAN}choose/?plan=pro&interval=year&all=1&add_on=analytics"))
        assert "Et chaque mois, pour les options 29,00 €" in page

    def test_business_of_another_country_gets_reverse_charge(self, owner, shopper):
        shopper.address(country="DE", postal_code="10115", city="Berlin", vat_number="DE136695976")
        page = text(owner.get(f"{PLAN}checkout/?plan=pro&all=1"))
        assert "TVA 0 %" in page and "Autoliquidation" in page and "149,00 € TTC" in page


class TestChanging:
    UP = f"{PLAN}change/?plan=pro&interval=month&all=1"

    def test_change_is_previewed_then_made_once(self, owner, buyer, people):
        buyer.pass_days(10)
        seen = owner.get(self.UP)
        due = seen.context["preview"].due_now_incl_vat
        assert due > 0 and "Offre Starter : temps non utilisé" in text(seen)
        assert api.current(people.home).choice == Choice("starter"), "looking changes nothing"
        form = {"at": re.search(r'name="at" value="(\d+)"', seen.content.decode())[1]}  # type: ignore[index]
        changed = owner.post(self.UP, form, follow=True)
        assert "Le changement est fait." in messages_of(changed) and "Offre Pro" in text(changed)
        again = owner.post(self.UP, form, follow=True)
        assert "déjà" in messages_of(again)
        assert [float(due), 118.8] == [invoice.total / 100 for invoice in stripe.Invoice.list().data]

    def test_expired_preview_is_shown_again(self, owner, buyer):
        for at in ("", "0", "nan", "-5", "9" * 5000, str(int(timezone.now().timestamp()) - 3600)):
            answer = owner.post(self.UP, {"at": at}, follow=True)
            assert answer.request["PATH_INFO"] == f"{PLAN}change/" and "refait" in messages_of(answer)
        assert len(stripe.Invoice.list().data) == 1

    def test_changed_amount_is_previewed_again(self, owner, buyer):
        wish = f"{PLAN}change/?plan=scale&interval=month&all=1"

        def shown(answer: Any) -> dict[str, str]:
            return dict(re.findall(r'name="(at|due)" value="([\d.]+)"', answer.content.decode()))

        form = shown(owner.get(wish))
        buyer.change("pro")
        answer = owner.post(wish, form, follow=True)
        assert answer.request["PATH_INFO"] == f"{PLAN}change/" and "refait" in messages_of(answer)
        assert "Le changement est fait." in messages_of(owner.post(wish, shown(answer), follow=True))

    def test_declined_payment_of_a_change_redirects_to_the_invoice(self, owner, buyer, people):
        buyer.card(REFUSED)
        buyer.pass_days(5)
        at = owner.get(self.UP).context["preview"].at
        answer = owner.post(self.UP, {"at": at})
        assert answer.url.startswith(buyer.fake.url)
        assert api.current(people.home).choice == Choice("starter")

    def test_usage_above_the_new_limits_is_shown(self, owner, buyer, people):
        from plans.meters import slot_of
        from usage.models import QuotaCounter

        buyer.change("scale")
        with public_context():
            slot = slot_of("ai_tokens")
            QuotaCounter.objects.create(
                tenant_id=people.home.id, meter="ai_tokens", period=slot.period, hour=slot.hour, used=2_000_000
            )
        page = text(owner.get(f"{PLAN}change/?plan=starter&all=1"))
        assert "Jetons d’IA par mois : 2 M aujourd’hui, 1 M dans la nouvelle offre" in page

    def test_change_without_subscription_is_refused(self, owner, shopper):
        shopper.address()
        answer = owner.get(self.UP)
        assert answer.status_code == 302 and answer.url.startswith(f"{PLAN}checkout/?plan=pro")


class TestLeaving:
    def test_cancellation_requires_a_reason_and_can_be_revoked(self, owner, buyer, people):
        assert owner.post(f"{PLAN}cancel/", {"comment": "bof"}).status_code == 422
        offered = owner.post(f"{PLAN}cancel/", {"reason": "missing_features", "comment": "des images"})
        assert "Parlons-en" in text(offered) and not api.current(people.home).ends
        form = {"reason": "missing_features", "comment": "des images", "declined": "1"}
        for _twice in range(2):
            ended = owner.post(f"{PLAN}cancel/", form, follow=True)
            assert "Votre offre prend fin le" in text(ended) and "Trente jours plus tard" in text(ended)
        with public_context():
            row = Cancellation.objects.get()
        assert (row.reason, row.comment, row.offer, row.outcome) == (
            "missing_features",
            "des images",
            "talk",
            "cancelled",
        )
        page = text(owner.get(PLAN))
        assert "Résiliée" in page and "Reprendre l’offre" in page and "Aucun : l’offre prend fin." in page
        assert "continue" in messages_of(owner.post(f"{PLAN}resume/", follow=True))
        assert not api.current(people.home).ends

    def test_price_reason_gets_a_discount_offer(self, owner, buyer, people):
        with public_context():
            assert Coupon.objects.filter(is_counter_offer=True).exclude(stripe_id="").exists()
        offered = owner.post(f"{PLAN}cancel/", {"reason": "too_expensive"})
        assert "20 % de moins" in text(offered) and "19,80 €" in text(offered)
        code = offered.context["offer"].code
        accepted_offer = owner.post(f"{PLAN}cancel/", {"reason": "too_expensive", "accepted": code}, follow=True)
        assert "Merci de rester" in messages_of(accepted_offer) and "remise comprise" in text(accepted_offer)
        assert not api.current(people.home).ends
        again = owner.post(f"{PLAN}cancel/", {"reason": "too_expensive"}, follow=True)
        assert "Votre offre prend fin" in text(again), "once a year"

    def test_cheaper_plan_is_previewed_before_the_change(self, owner, buyer):
        buyer.change("pro")
        offered = owner.post(f"{PLAN}cancel/", {"reason": "unused"})
        assert "Starter" in text(offered)
        assert owner.get(offered.context["plan_url"]).context["preview"].credit_excl_vat >= 0

    def test_cancellation_without_subscription_is_refused(self, owner, shopper):
        for path in ("cancel/", "resume/"):
            answer = owner.post(f"{PLAN}{path}", {"reason": "other"}, follow=True)
            assert answer.request["PATH_INFO"] == PLAN and messages_of(answer)


class TestOwing:
    @pytest.fixture
    def owes(self, buyer) -> Shopper:
        buyer.card(REFUSED)
        buyer.pass_days(32)
        return buyer

    def test_arrears_show_what_to_do_and_the_deadline(self, owes, owner, people):
        assert state(people) == "past_due"
        page = text(owner.get(PLAN))
        assert "À régler" in page and "jour du passage en lecture seule" in page and "Régler maintenant" in page
        assert f"{PLAN}pay/" in owner.get("/").content.decode(), "the banner leads there"
        assert "À régler" in part(owner, f"{PLAN}invoices/")
        assert owner.get(f"{PLAN}pay/").url.startswith(f"{owes.fake.url}/i/")
        refused = owner.get(f"{PLAN}change/?plan=pro&all=1", follow=True)
        assert "Réglez d’abord" in messages_of(refused)

    def test_read_only_workspace_can_pay(self, owes, owner, people):
        owes.pass_days(15)
        assert state(people) == "suspended"
        assert "Lecture seule" in text(owner.get(PLAN))
        assert owner.post(f"{PLAN}portal/").url.startswith(owes.fake.url)
        assert owner.post(f"{PLAN}details/", {**ADDRESS, "city": "Paris"}).status_code == 302
        owes.pay(owner.get(f"{PLAN}pay/").url, do="pay")
        assert "votre offre est active" in text(owner.get(f"{PLAN}thanks/"))
        assert state(people) == "active"
        assert "Rien n’est à régler" in messages_of(owner.get(f"{PLAN}pay/", follow=True))


class TestDocuments:
    def test_only_invoices_of_the_workspace_are_shown(self, buyer, owner, client_for, people):
        mine = api.invoices(people.home)[0]
        for kind in ("page", "pdf", "receipt"):
            assert owner.get(f"{PLAN}invoices/{mine.id}/{kind}/").url.startswith(buyer.fake.url)
        for path in (f"{mine.id}/xml", f"{mine.id}x/pdf", "cus_1/pdf"):
            assert owner.get(f"{PLAN}invoices/{path}/").status_code == 404
        with tenant_context(people.away):
            neighbour = User.objects.get(role="owner")
        cast_away = client_for(None, host=people.away.domain)
        with tenant_context(people.away):
            cast_away.force_login(neighbour)
        assert cast_away.get(f"{PLAN}invoices/{mine.id}/pdf/").status_code == 404
        assert "Aucune facture" in part(cast_away, f"{PLAN}invoices/")

    def test_pages_work_without_javascript(self, buyer, owner):
        assert "118,80 €" in text(owner.get(f"{PLAN}next/"))
        assert "Payée" in text(owner.get(f"{PLAN}invoices/"))


class TestStripeUnavailable:
    """No page breaks, each says what happened, nothing is done."""

    @pytest.fixture
    def stripe_down(self, buyer) -> Shopper:
        buyer.fake.post("fail", status=500, times=100)
        return buyer

    def test_pages_without_stripe_show_a_notice(self, stripe_down, owner):
        assert "Visa •••• 4242" in text(owner.get(PLAN))
        assert "Stripe ne répond pas" in part(owner, f"{PLAN}next/")
        assert "ne répond pas" in part(owner, f"{PLAN}invoices/")
        assert "vous n’avez rien à refaire" in text(owner.get(f"{PLAN}thanks/"))
        assert owner.get(f"{PLAN}choose/").status_code == 200

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("get", "change/?plan=pro&all=1"),
            ("post", "change/?plan=pro&all=1"),
            ("post", "resume/"),
            ("post", "portal/"),
            ("get", "pay/"),
            ("get", "invoices/in_1/pdf/"),
        ],
    )
    def test_forms_without_stripe_are_refused_with_a_notice(self, method, path, stripe_down, owner):
        form = {"at": str(int(timezone.now().timestamp()))} if method == "post" else {}
        answer = getattr(owner, method)(f"{PLAN}{path}", form, follow=method == "post")
        answer = owner.get(answer.url, follow=True) if method == "get" else answer
        assert answer.status_code == 200 and "répond pas" in messages_of(answer)

    def test_cancellation_and_details_forms_keep_their_input(self, stripe_down, owner, people):
        answer = owner.post(f"{PLAN}cancel/", {"reason": "other", "declined": "1"}, follow=True)
        assert "répond pas" in messages_of(answer) and not api.current(people.home).ends
        answer = owner.post(f"{PLAN}details/", {**ADDRESS, "city": "Nantes"})
        assert answer.status_code == 422 and "Nantes" in answer.content.decode() and "répond pas" in text(answer)
        with public_context():
            assert BillingProfile.objects.get().city == "Lyon"


class TestStates:
    def test_page_of_a_trial(self, owner, shopper):
        page = text(owner.get(PLAN))
        assert "Il reste" in page and "Choisir une offre" in page and "Résilier" not in page
        assert shopper.fake.get("calls") == [] or "next" not in str(shopper.fake.get("calls"))

    def test_page_of_an_ended_trial(self, owner, people):
        with public_context():
            Tenant.objects.filter(pk=people.home.id).update(trial_ends_at=timezone.now() - timedelta(days=1))
        services.tenant_suspend(tenant_id=people.home.id, reason="fin de l’essai", actor="test")
        assert "Essai terminé" in text(owner.get(PLAN))
        assert owner.get(f"{PLAN}choose/").status_code == 200

    def test_page_of_a_closed_workspace_is_read_only(self, buyer, owner, people):
        services.tenant_close(tenant_id=people.home.id, reason="départ", actor="test")
        page = owner.get(PLAN)
        assert (
            "contactez votre opérateur" in text(page)
            and b"<form" not in page.content.split(b"main>")[0].split(b"<main")[1]
        )
        assert "Payée" in part(owner, f"{PLAN}invoices/")
        assert owner.get(f"{PLAN}choose/").status_code == 403

    def test_without_a_stripe_key_the_page_refers_to_the_operator(self, owner, people):
        assert "votre opérateur fait les changements" in text(owner.get(PLAN))
        page = owner.get(f"{PLAN}choose/")
        assert "Scale" in text(page) and b"formaction" not in page.content
        assert owner.post(f"{PLAN}details/", ADDRESS).status_code == 302
        for method, path in (("post", "checkout/"), ("post", "change/"), ("post", "cancel/"), ("get", "pay/")):
            answer = getattr(owner, method)(f"{PLAN}{path}?plan=pro&all=1", follow=True)
            assert answer.request["PATH_INFO"] == PLAN and "opérateur" in messages_of(answer)


class TestAround:
    def test_only_the_owner_sees_the_link(self, people, client_for):
        for person in (people.owner, people.admin, people.member):
            led = f'href="{PLAN}"' in client_for(person).get("/").content.decode()
            assert led == (person is people.owner)
        assert client_for(people.admin).get(PLAN).status_code == 403
        assert f"{PLAN}choose/" in client_for(people.owner).get("/settings/usage/").content.decode()
        assert f"{PLAN}choose/" not in client_for(people.admin).get("/settings/usage/").content.decode()

    @pytest.mark.parametrize(("path", "most"), [("", 14), ("choose/", 11)])
    def test_query_count_does_not_grow_with_the_catalogue(self, path, most, owner, django_assert_max_num_queries):
        owner.get(f"{PLAN}{path}")
        with public_context():
            for number in range(5):
                plan = Plan.objects.create(code=f"plan-{number}", name="Autre", month_price=1, year_price=10)
                option = AddOn.objects.create(code=f"option-{number}", name="Autre", month_price=1)
                for sold in ({"plan": plan}, {"add_on": option}):
                    Price.objects.create(amount_excl_vat=1, **sold)
                    Entitlement.objects.create(key="seats", label="Places", limit=5, **sold)
        with django_assert_max_num_queries(most):
            owner.get(f"{PLAN}{path}")

    def test_rate_limit_shows_a_message(self, owner, buyer, monkeypatch):
        monkeypatch.setattr("billing.pages.guards.MAX_REQUESTS_PER_MINUTE", 2)
        answers = [owner.get(f"{PLAN}change/?plan=pro&all=1").status_code for _ in range(3)]
        assert answers == [200, 200, 429]
        assert "répond pas" in part(owner, f"{PLAN}next/")

    @pytest.mark.parametrize(
        "path", ["", "choose/", "details/", "next/", "invoices/", "change/?plan=pro&all=1", "cancel/"]
    )
    def test_pages_are_translated(self, path, owner, buyer):
        owner.cookies["language"] = "en"
        assert owner.get(f"{PLAN}{path}").status_code == 200


class TestWhatIsSaid:
    """What somebody who pays would ask about."""

    def test_thanks_page_shows_no_trial_countdown(self, shopper, owner, people):
        with public_context():
            Tenant.objects.filter(pk=people.home.id).update(trial_ends_at=timezone.now() + timedelta(days=9))
        selectors.forget_hosts(people.home.id)
        assert "Essai" in text(owner.get(PLAN))
        shopper.address()
        sent = owner.post(f"{PLAN}checkout/?plan=starter&all=1", ticked())
        assert visit(sent.url, do="pay", **PERSON).status == 303
        page = text(owner.get(f"{PLAN}thanks/"))
        assert "votre offre est active" in page and "Essai" not in page

    def test_credit_note_explains_the_next_payment(self, buyer, owner, people):
        buyer.change("scale")
        buyer.pass_days(5)
        buyer.change("starter")
        coming = api.next_payment(people.home)
        assert coming is not None and coming.credit_incl_vat < 0
        assert coming.amount_excl_vat * Decimal("1.2") + coming.credit_incl_vat == coming.amount_incl_vat
        assert "Avoir déduit −" in part(owner, f"{PLAN}next/")
        assert "Avoir" in part(owner, f"{PLAN}invoices/")

    def test_running_discount_is_shown_with_the_renewal(self, buyer, owner, people):
        owner.post(f"{PLAN}cancel/", {"reason": "too_expensive", "accepted": "fidelite"})
        name = api.current(people.home).discount
        assert name
        for path in ("choose/", "change/?plan=pro&all=1"):
            assert f"La remise « {name} » s’en déduit" in text(owner.get(f"{PLAN}{path}"))

    def test_missing_seats_of_a_smaller_plan_are_shown(self, buyer, owner, people):
        buyer.change("pro")
        with public_context():
            Entitlement.objects.filter(plan_id="starter", key="seats").update(limit=1)
        assert "Places : " in text(owner.get(f"{PLAN}change/?plan=starter&all=1"))

    def test_new_card_is_shown_after_the_return(self, buyer, owner, people):
        given = visit(owner.post(f"{PLAN}portal/").url, do="method", method="card", number="5555 5555 5555 4444")
        assert given.status == 303 and given.location.endswith(f"{PLAN}back/"), given.text
        assert "4444" in text(owner.get(f"{PLAN}back/", follow=True))

    def test_refused_code_is_shown_beside_the_field_before_the_order(self, shopper, owner):
        shopper.address()
        answer = owner.get(f"{PLAN}checkout/?plan=scale&all=1&code=NULLEPART", follow=True)
        assert answer.request["PATH_INFO"] == f"{PLAN}choose/" and answer.context["choice"].plan == "scale"
        assert "Ce code n’existe pas" in text(answer) and b'aria-invalid="true"' in answer.content

    def test_cancelled_workspace_in_arrears_is_not_shown_as_paid(self, buyer, owner, people):
        buyer.card(REFUSED)
        buyer.pass_days(32)
        assert state(people) == "past_due"
        page = text(owner.get(f"{PLAN}cancel/"))
        assert "reste à régler" in page and "cette période est payée" not in page

    def test_failed_payment_is_shown_to_the_team_only(self, buyer, client_for, people):
        buyer.card(REFUSED)
        buyer.pass_days(32)
        for person in (people.owner, people.member, people.learner):
            is_shown = "paiement n’a pas abouti" in text(client_for(person).get("/", follow=True))
            assert is_shown == (person is not people.learner)
