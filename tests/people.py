"""The named persons of every test: a leak has a face."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from accounts.models import Role, User
from accounts.services import operator_create, user_create
from tenants.context import TenantRef, public_context, tenant_context
from tenants.services import tenant_create

PASSWORD = "un-mot-de-passe-solide"


@dataclass(frozen=True)
class People:
    """`home` is the workspace under test, `away` the neighbour. `stranger` is a member of `away` only.

    `twin` has the member's e-mail, in `away`, with another password.
    """

    home: TenantRef
    away: TenantRef
    owner: User
    admin: User
    instructor: User
    member: User
    learner: User
    promoter: User
    stranger: User
    twin: User
    operator: User

    def home_of(self, person: User) -> TenantRef | None:
        if person in (self.stranger, self.twin):
            return self.away
        return None if person == self.operator else self.home


TWIN_PASSWORD = "un-autre-mot-de-passe"


def assemble() -> People:
    """Make both workspaces and everybody, for the whole run."""
    home = tenant_create(slug="atelier", name="Atelier", email="owner@atelier.test", plan="pro", password=PASSWORD)
    away = tenant_create(slug="voisine", name="Voisine", email="owner@voisine.test", plan="pro", password=PASSWORD)
    with tenant_context(home.tenant):
        persons = {
            role.value: user_create(email=f"{role}@atelier.test", password=PASSWORD, role=role, name=role.title())
            for role in (Role.ADMIN, Role.INSTRUCTOR, Role.MEMBER, Role.LEARNER, Role.PROMOTER)
        }
        owner = User.objects.get(role=Role.OWNER)
    with tenant_context(away.tenant):
        stranger = user_create(email="stranger@voisine.test", password=PASSWORD, role=Role.MEMBER)
        twin = user_create(email="member@atelier.test", password=TWIN_PASSWORD, role=Role.MEMBER)
    operator = operator_create(email="operator@platform.test", password=PASSWORD)
    # Seen later than any test: their requests do not write that they were here.
    for tenant in (home.tenant, away.tenant):
        with tenant_context(tenant):
            User.objects.update(last_seen_at=timezone.now() + timedelta(days=1))
    with public_context():
        User.objects.update(last_seen_at=timezone.now() + timedelta(days=1))
    return People(home.tenant, away.tenant, owner, **persons, stranger=stranger, twin=twin, operator=operator)
