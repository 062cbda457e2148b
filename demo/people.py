"""The workspaces of the demonstration and the people in them. One password for all: it is said on the screen."""

from dataclasses import dataclass, field

from accounts.models import Role
from tenants.models import Tenant

PASSWORD = "ruche-demo"  # noqa: S105 - said on the screen of the embedded run, and made nowhere else
OPERATOR = "operator@ruche.test"
State = Tenant.State


@dataclass(frozen=True)
class Workspace:
    """One workspace of the demonstration.

    `people`: (local part of the address, role, name, weight in the use). `weekday`: exchanges on a working day.
    `days`: for how many days it has been in use. `written`: the file of its written conversations.
    `sold`: plan, interval and months of history of its subscription, where it has one.
    """

    slug: str
    name: str
    domain: str
    owner: str
    plan: str
    people: tuple[tuple[str, str, str, int], ...] = ()
    hue: int | None = None
    weekday: int = 0
    days: int = 30
    written: str = ""
    sold: tuple[str, str, int] | None = None
    pays: bool = True
    clients: tuple[str, ...] = field(default=("la mairie", "l’école", "le cabinet Morel", "la librairie"))
    town: str = "Lyon"

    @property
    def email(self) -> str:
        """The owner's address. No real one ends in .test."""
        return f"owner@{self.domain}"


WORKSPACES: tuple[Workspace, ...] = (
    Workspace(
        slug="demo",
        name="Atelier Démo",
        domain="demo.test",
        owner="Odile Propriétaire",
        plan="pro",
        people=(
            ("admin", Role.ADMIN, "Alix Administratrice", 3),
            ("instructor", Role.INSTRUCTOR, "Inès Formatrice", 3),
            ("member", Role.MEMBER, "Malo Membre", 4),
            ("learner", Role.LEARNER, "Lou Apprenant", 0),
            ("promoter", Role.PROMOTER, "Paul Promoteur", 0),
        ),
        weekday=6,
        written="atelier.md",
        sold=("pro", "month", 8),
        clients=("la mairie de Givors", "le lycée Ampère", "Papeterie Lacroix", "les Ateliers du Parc", "Mme Berthier"),
    ),
    Workspace(
        slug="tilleul",
        name="Maison Tilleul",
        domain="tilleul.test",
        owner="Solène Tilleul",
        plan="starter",
        people=(
            ("member", Role.MEMBER, "Yanis Belkacem", 3),
            ("admin", Role.ADMIN, "Maëlle Le Goff", 2),
        ),
        hue=150,
        weekday=4,
        written="tilleul.md",
        sold=("starter", "year", 5),
        clients=("l’hôtel de la Loire", "Mme Guérin", "le Café des Plantes", "l’école Molière"),
        town="Nantes",
    ),
    Workspace(
        slug="rivoire",
        name="Cabinet Rivoire",
        domain="rivoire.test",
        owner="Hugo Rivoire",
        plan="pro",
        people=(("member", Role.MEMBER, "Camille Faure", 3),),
        hue=250,
        weekday=3,
        sold=("pro", "month", 3),
        pays=False,
        clients=("la SCI des Tilleuls", "M. Chabert", "Menuiserie Aubin"),
        town="Grenoble",
    ),
    Workspace(
        slug="brume",
        name="Studio Brume",
        domain="brume.test",
        owner="Agathe Lenoir",
        plan="starter",
        people=(("member", Role.MEMBER, "Tom Weiss", 2),),
        hue=310,
        weekday=2,
        days=6,
        clients=("le théâtre de la Halle", "Éditions Corail", "le festival d’Aix"),
        town="Strasbourg",
    ),
)
# Customers of former days, of whom only the ledger of revenue speaks: (key, slug, plan, months ago begun, ended).
FORMER = (
    ("0192d3a0-7c1e-7d00-8a00-0000000000d1", "verger", "starter", 11, 4),
    ("0192d3a0-7c1e-7d00-8a00-0000000000d2", "phare", "pro", 9, 2),
)
