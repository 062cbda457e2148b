"""The demo workspace of the embedded run: one person of each role, one password. Never made elsewhere."""

from contextlib import suppress

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import Role, User
from accounts.services import operator_create, user_create
from tenants import trials
from tenants.context import public_context, tenant_context
from tenants.models import Tenant
from tenants.services import TRIAL, tenant_create

PASSWORD = "ruche-demo"  # noqa: S105 - said on the screen of the embedded run, and made nowhere else
OPERATOR = "operator@ruche.test"
PEOPLE = {
    Role.ADMIN: "Alix Administratrice",
    Role.INSTRUCTOR: "Inès Formatrice",
    Role.MEMBER: "Malo Membre",
    Role.LEARNER: "Lou Apprenant",
    Role.PROMOTER: "Paul Promoteur",
}


def make_demo() -> str:
    """Returns "made" or "there". Raises RuntimeError outside the embedded run."""
    if not settings.RUCHE_EMBEDDED:
        raise RuntimeError("Demo accounts have a known password: they are for the embedded run only.")
    with public_context():
        if not User.objects.filter(email=OPERATOR).exists():
            operator_create(email=OPERATOR, password=PASSWORD, name="Opératrice de démonstration")
        demo = Tenant.objects.filter(slug="demo").first()
    if demo:
        _keep_open(demo)
        return "there"
    made = tenant_create(
        slug="demo",
        name="Atelier Démo",
        email="owner@demo.test",
        plan="pro",
        password=PASSWORD,
        allow_reserved=True,
        owner_name="Odile Propriétaire",
    )
    with tenant_context(made.tenant):
        for role, name in PEOPLE.items():
            user_create(email=f"{role.value}@demo.test", password=PASSWORD, role=role, name=name)
    return "made"


def _keep_open(demo: Tenant) -> None:
    """The demo's trial begins anew when it has run half its time, or is over."""
    now = timezone.now()
    if demo.trial_ends_at and demo.trial_ends_at < now + TRIAL / 2:
        with suppress(ValidationError):
            trials.extend_trial(tenant_id=demo.pk, ends_at=now + TRIAL, reason="démonstration", actor=trials.SYSTEM)
