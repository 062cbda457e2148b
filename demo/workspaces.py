"""Data of the workspaces of the demonstration and their users, who share one password shown on the screen."""

from dataclasses import dataclass, field

from accounts.models import Role
from tenants.models import Tenant

PASSWORD = "ruche-demo"  # noqa: S105 - shown by the embedded run, and used nowhere else
OPERATOR = "operator@ruche.test"
State = Tenant.State


@dataclass(frozen=True)
class Workspace:
    """One workspace of the demonstration.

    `people`: (local part of the address, role, name, share of the usage). `invited`: (local part, role, name) of those
    who have not answered yet. `groups`: name -> local parts. `exchanges_per_weekday`: average number.
    `days`: length of its history. `script_file`: file of its written conversations, if any. `subscription`: plan,
    interval and months since its start, if any. `pays`: False if its card is declined.
    """

    slug: str
    name: str
    domain: str
    owner: str
    plan: str
    people: tuple[tuple[str, str, str, int], ...] = ()
    invited: tuple[tuple[str, str, str], ...] = ()
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    brand_hue: int | None = None
    exchanges_per_weekday: int = 0
    days: int = 30
    script_file: str = ""
    subscription: tuple[str, str, int] | None = None
    pays: bool = True
    clients: tuple[str, ...] = field(default=("la mairie", "l’école", "le cabinet Morel", "la librairie"))
    town: str = "Lyon"

    @property
    def email(self) -> str:
        """The owner's address, in the reserved domain .test (RFC 2606)."""
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
        invited=(
            ("nadia", Role.MEMBER, "Nadia Benali"),
            ("theo", Role.INSTRUCTOR, "Théo Marchand"),
        ),
        groups={"Rédaction": ("admin", "member"), "Promotion d’automne": ("instructor", "learner")},
        exchanges_per_weekday=6,
        script_file="atelier.md",
        subscription=("pro", "month", 8),
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
        brand_hue=150,
        exchanges_per_weekday=4,
        script_file="tilleul.md",
        subscription=("starter", "year", 5),
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
        brand_hue=250,
        exchanges_per_weekday=3,
        subscription=("pro", "month", 3),
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
        brand_hue=310,
        exchanges_per_weekday=2,
        days=6,
        clients=("le théâtre de la Halle", "Éditions Corail", "le festival d’Aix"),
        town="Strasbourg",
    ),
)
# Former customers, who appear only in the MRR movements: (id, slug, plan, months since the start, since the end).
FORMER_CUSTOMERS = (
    ("0192d3a0-7c1e-7d00-8a00-0000000000d1", "verger", "starter", 11, 4),
    ("0192d3a0-7c1e-7d00-8a00-0000000000d2", "phare", "pro", 9, 2),
)
