"""The public site of the demonstration: articles, contacts, thirty days of audience."""

import datetime as dt
import random
import re
from functools import cache
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEntry, User
from demo.backdating import insert
from demo.workspaces import OPERATOR
from tenants.actors import SYSTEM
from tenants.context import public_context
from ui.days import platform_time
from website import leads
from website.models import Article, Consent, Lead, SiteCount

FILLED: Final = "demo.site_filled"
ARTICLES: Final = Path(__file__).parent / "texts" / "site"
AUDIENCE_DAYS: Final = 30
Name = SiteCount.Name
ORIGIN: Final = ("source", "medium", "campaign")
# `ORIGIN` -> share of the visits.
SOURCES: Final = {
    ("", "", ""): 40,
    ("google.com", "", ""): 30,
    ("linkedin.com", "", ""): 15,
    ("lettre", "email", "rentree"): 10,
    ("annuaire-formation.test", "", ""): 5,
}
# Page -> share of the visitors who see it.
PAGES: Final = {"home": 0.9, "pricing": 0.45, "articles": 0.2, "signup": 0.15, "contact": 0.06}
# (name, address, company, days ago, state, message)
CONTACTS: Final = (
    (
        "Élodie Garnier",
        "elodie.garnier@exemple.test",
        "Garnier Conseil",
        2,
        Lead.State.NEW,
        "Bonjour,\n\nNous sommes douze consultants. Peut-on commencer à trois, puis ajouter des places ?",
    ),
    (
        "Karim Haddad",
        "k.haddad@exemple.test",
        "Lycée du Parc",
        9,
        Lead.State.ANSWERED,
        "Bonjour, où les données sont-elles hébergées, et peut-on tout récupérer si l’on s’en va ?",
    ),
    (
        "Margaux Petit",
        "margaux@exemple.test",
        "",
        21,
        Lead.State.WON,
        "Je voudrais une démonstration pour notre association, de préférence un mardi après-midi.",
    ),
)


def fill_site() -> None:
    """Write it once: what an operator deletes does not come back."""
    with public_context(), transaction.atomic():
        if AuditEntry.objects.filter(action=FILLED).exists():
            return
        _add_articles()
        for contact in CONTACTS:
            _add_contact(*contact)
        _add_audience(platform_time(User.objects.get(email=OPERATOR).date_joined).date())
        audit.record(FILLED, label=str(SYSTEM))


def clear_site() -> None:
    """Delete what `fill_site` wrote: counts of days before the platform was there are none of its visitors."""
    Article.objects.filter(pk__in=[_key(path.stem) for path in ARTICLES.glob("*.md")]).delete()
    Lead.objects.filter(pk__in=[_key(email) for _name, email, *_rest in CONTACTS]).delete()
    operator = User.objects.filter(email=OPERATOR).first()
    if operator is not None:
        SiteCount.objects.filter(day__lt=platform_time(operator.date_joined).date()).delete()


@cache
def _key(name: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"demo/{name}")


def _add_articles() -> None:
    for path in sorted(ARTICLES.glob("*.md")):
        head, _mark, body = path.read_text().partition("\n\n")
        values = dict(re.findall(r"^(\w+): (.*)$", head, re.MULTILINE))
        days, original = int(values.pop("days")), values.pop("translation_of", "")
        Article.objects.get_or_create(
            pk=_key(path.stem),
            defaults=values
            | {
                "slug": path.stem,
                "body": body,
                "published_at": timezone.now() - dt.timedelta(days=days),
                "translation_of_id": _key(original) if original else None,
            },
        )


def _add_contact(name: str, email: str, company: str, days: int, state: str, message: str) -> None:
    """As the form writes it, without the mail to the operators."""
    lead = Lead(id=_key(email), name=name, email=email, company=company, message=message, state=state, language="fr")
    lead.created_at = timezone.now() - dt.timedelta(days=days, hours=3)
    insert([lead])
    insert([Consent(lead=lead, at=lead.created_at, topic=Consent.Topic.REPLY, text=str(leads.REPLY_TEXT))])


def _add_audience(first_day: dt.date) -> None:
    """Each day before the first: fewer visitors at weekends, a request every third day, a trial after most of them."""
    # Not for secrets: the same figures for everyone.
    dice = random.Random("audience")  # noqa: S311
    rows = []
    for back in range(AUDIENCE_DAYS, 0, -1):
        day = first_day - dt.timedelta(days=back)
        visitors = dice.randint(18, 34) if day.weekday() < 5 else dice.randint(5, 11)
        rows.append(SiteCount(day=day, name=Name.VISITOR, count=visitors))
        for page, share in PAGES.items():
            rows += [
                SiteCount(
                    day=day, name=Name.VIEW, page=page, source=source, medium=medium, campaign=campaign, count=count
                )
                for (source, medium, campaign), percent in SOURCES.items()
                if (count := round(visitors * share * percent / 100))
            ]
            if page != "home" and (count := round(visitors * share / 2)):
                rows.append(SiteCount(day=day, name=Name.CLICK, page=page, count=count))
        if back % 3 == 0:
            rows.append(SiteCount(day=day, name=Name.REQUEST, count=dice.randint(1, 2)))
        if back % 4 == 0:
            rows.append(SiteCount(day=day, name=Name.TRIAL, count=1))
    SiteCount.objects.bulk_create(rows, batch_size=500)
