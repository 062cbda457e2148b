"""Coupons and promotion codes in the console."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry
from billing.models import Coupon, PromotionCode
from tests.people import People

COUPONS, CODES = "/admin/billing/coupon/", "/admin/billing/promotioncode/"
COUPON = {"name": "Rentrée", "code": "Rentree-2026", "percent_off": "12,5", "duration": "once"}
CODE = {"coupon": "fidelite", "code": "bienvenue", "max_redemptions": "5"}


def test_coupon_is_created_shown_and_ended(console: Client, people: People) -> None:
    assert console.get(f"{COUPONS}create/").status_code == 200
    assert console.post(f"{COUPONS}create/", COUPON).status_code == 302
    row = Coupon.objects.get(pk="rentree-2026")
    assert (row.name, str(row.percent_off), row.duration) == ("Rentrée", "12.50", "once")
    page = console.get(COUPONS).content.decode()
    for expected in ("Rentrée", "12,5\u00a0%", "Fidélité", "20\u00a0%", "3 mois", "Proposée à qui résilie"):
        assert expected in page, expected
    offer = f"{COUPONS}rentree-2026/offer/"
    assert offer in page and console.get(offer).status_code == 200
    assert console.post(offer).status_code == 302
    assert Coupon.objects.get(is_counter_offer=True) == row
    end = f"{COUPONS}rentree-2026/end/"
    assert console.post(end, {"reason": ""}).status_code == 400
    assert console.post(end, {"reason": "fini"}).status_code == 302
    assert not Coupon.objects.filter(is_counter_offer=True).exists()
    acts = list(AuditEntry.objects.filter(target="rentree-2026").order_by("id").values_list("action", flat=True))
    assert acts == ["coupon.added", "coupon.offered", "coupon.ended"]


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"percent_off": ""}, "l’un des deux"),
        ({"amount_off_excl_vat": "3"}, "l’un des deux"),
        ({"percent_off": "120"}, "100"),
        ({"percent_off": "beaucoup"}, "nombre"),
        ({"duration": "repeating"}, "nombre de mois"),
        ({"duration": "jamais"}, "choix"),
        ({"code": "é è"}, "lettres"),
        ({"code": "FIDELITE"}, "existe déjà"),
        ({"name": ""}, "obligatoire"),
    ],
)
def test_refused_coupon_changes_nothing(console: Client, wrong: dict[str, str], expected: str) -> None:
    page = console.post(f"{COUPONS}create/", COUPON | wrong)
    assert page.status_code == 400
    assert expected in page.content.decode()
    assert Coupon.objects.count() == 1 and not AuditEntry.objects.filter(action="coupon.added").exists()


def test_code_is_created_shown_and_ended(console: Client, people: People) -> None:
    last = timezone.localdate() + timedelta(days=3)
    sent: dict[str, Any] = CODE | {"first_time_only": "on", "last_day": last.isoformat()}
    assert console.get(f"{CODES}create/").status_code == 200
    assert console.post(f"{CODES}create/", sent).status_code == 302
    row = PromotionCode.objects.get()
    assert (row.code, row.coupon_id, row.first_time_only, row.max_redemptions) == ("BIENVENUE", "fidelite", True, 5)
    assert row.expires_at is not None and timezone.localtime(row.expires_at).date() == last + timedelta(days=1)
    page = console.get(CODES).content.decode()
    end = f"{CODES}{row.pk}/end/"
    for expected in ("BIENVENUE", "Premier abonnement", end):
        assert expected in page, expected
    assert console.get(end).status_code == 200
    assert console.post(end, {"reason": "fini"}).status_code == 302
    assert "Terminé" in console.get(CODES).content.decode()
    assert AuditEntry.objects.get(action="promotion_code.ended").details["reason"] == "fini"


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"code": "é"}, "sans accent"),
        ({"code": ""}, "obligatoire"),
        ({"coupon": "personne"}, "choix"),
        ({"max_redemptions": "0"}, "1"),
        ({"last_day": "2020-01-01"}, "déjà passée"),
    ],
)
def test_refused_code_changes_nothing(console: Client, wrong: dict[str, str], expected: str) -> None:
    page = console.post(f"{CODES}create/", CODE | wrong)
    assert page.status_code == 400
    assert expected in page.content.decode()
    assert not PromotionCode.objects.exists()


def test_duplicate_code_is_refused(console: Client) -> None:
    assert console.post(f"{CODES}create/", CODE).status_code == 302
    assert console.post(f"{CODES}create/", CODE | {"code": "Bienvenue"}).status_code == 400
    assert PromotionCode.objects.count() == 1
