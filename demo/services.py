"""Making the demonstration, and keeping it of today."""

import datetime as dt
import io
import random
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone, translation

from accounts import audit
from accounts.models import AuditEntry, Role, User
from accounts.services import operator_create, user_create
from assistants.models import Assistant, Model
from assistants.selectors import assistants_offered
from conversations.models import Conversation
from demo import files
from demo.life import Life, Said, prices_of
from demo.people import OPERATOR, PASSWORD, WORKSPACES, Workspace
from demo.removal import was_removed
from demo.texts import scripts
from library import files as stored
from library import services as library
from tenants import trials
from tenants.actors import SYSTEM
from tenants.context import TenantRef, public_context, tenant_context
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.selectors import ref_of
from tenants.services import TRIAL_LENGTH, change_identity, tenant_create

FILLED = "demo.filled"
DAYS = 30
# Nobody writes at the stroke of now.
LATEST = dt.timedelta(minutes=3)


def make_demo() -> str:
    """Returns "made", "there" or "removed". Raises RuntimeError outside the embedded run. Idempotent."""
    if not settings.RUCHE_EMBEDDED:
        raise RuntimeError("Demo accounts have a known password: they are for the embedded run only.")
    with public_context():
        if not User.objects.filter(email=OPERATOR).exists():
            operator_create(email=OPERATOR, password=PASSWORD, name="Opératrice de démonstration")
        if was_removed():
            return "removed"
    made = [workspace.slug for workspace in WORKSPACES if _make(workspace)]
    return "made" if made else "there"


def _make(workspace: Workspace) -> bool:
    """True where it was made now. One of the same address that is not the demonstration's is left alone."""
    with public_context():
        tenant = Tenant.objects.filter(slug=workspace.slug).first()
    if tenant is None:
        ref = _create(workspace)
    elif tenant.email != workspace.email or tenant.state in (Tenant.State.SUSPENDED, Tenant.State.CLOSED):
        return False
    else:
        _keep_open(tenant)
        with public_context():
            ref = ref_of(tenant)
    fill(workspace, ref)
    return tenant is None


def _create(workspace: Workspace) -> TenantRef:
    made = tenant_create(
        slug=workspace.slug,
        name=workspace.name,
        email=workspace.email,
        plan=workspace.plan,
        password=PASSWORD,
        allow_reserved=True,
        owner_name=workspace.owner,
    )
    with tenant_context(made.tenant):
        for local, role, name, _weight in workspace.people:
            user_create(email=f"{local}@{workspace.domain}", password=PASSWORD, role=role, name=name)
    if workspace.hue is not None:
        return change_identity(tenant_id=made.tenant.id, name=workspace.name, language="fr", brand_hue=workspace.hue)
    return made.tenant


def _keep_open(tenant: Tenant) -> None:
    """A trial begins anew when it has run half its time, or is over."""
    now = timezone.now()
    if tenant.state == Tenant.State.TRIAL and tenant.trial_ends_at and tenant.trial_ends_at < now + TRIAL_LENGTH / 2:
        with suppress(ValidationError):
            trials.extend_trial(tenant_id=tenant.pk, ends_at=now + TRIAL_LENGTH, reason="démonstration", actor=SYSTEM)


def fill(workspace: Workspace, ref: TenantRef, *, now: dt.datetime | None = None) -> int:
    """Write the days that are missing, up to now; how many conversations. The first time also the written ones."""
    now = (now or timezone.now()) - LATEST
    today = timezone.localdate(now)
    with tenant_context(ref), transaction.atomic(), translation.override("fr"):
        last = AuditEntry.objects.filter(action=FILLED).order_by("-id").first()
        until = dt.date.fromisoformat(last.details["until"]) if last else None
        if until is not None and until >= today:
            return 0
        first = max(
            today - dt.timedelta(days=workspace.days - 1), until + dt.timedelta(days=1) if until else dt.date.min
        )
        chance = random.Random(f"{workspace.slug} {today}")  # noqa: S311 - for variety, not for secrets
        life = Life(ref, prices_of(_models()), chance)
        people = _people(workspace)
        assistants = {one.code: one for one in assistants_offered()}
        said = [*_everyday(workspace, people, assistants, first, now, chance)]
        if until is None and workspace.written:
            said += _written(workspace, people, assistants, now)
        for one in sorted(said, key=lambda one: one.at):
            conversation = life.add(one)
            if one.script.image:
                _picture(life, one, conversation)
        if until is None and workspace.written:
            _files(life, people, now)
        life.write()
        audit.record(FILLED, target=ref.slug, until=today.isoformat())
    return len(said)


def _models() -> list[Any]:
    """Models that a business would use: those with a price, not the demonstration's."""
    known = Model.objects.filter(kind=Model.Kind.CHAT, is_active=True, is_demonstration=False)
    return list(known.filter(prices__output_eur__gt=0).distinct().values_list("pk", flat=True))


def _people(workspace: Workspace) -> dict[str, tuple[User, int]]:
    """By the local part of their address: the person, and how much of the use is theirs."""
    known = {user.email: user for user in User.objects.all()}
    wanted = [("owner", Role.OWNER, workspace.owner, 2), *workspace.people]
    found = {local: (known.get(f"{local}@{workspace.domain}"), weight) for local, _role, _name, weight in wanted}
    return {local: (user, weight) for local, (user, weight) in found.items() if user is not None}


def _everyday(
    workspace: Workspace,
    people: dict[str, tuple[User, int]],
    assistants: dict[str, Assistant],
    first: dt.date,
    now: dt.datetime,
    chance: random.Random,
) -> list[Said]:
    """Short exchanges, day by day, at the hours of work. Weekends are quiet."""
    authors = [user for user, weight in people.values() for _ in range(weight)]
    written = [script for script in scripts("everyday.md") if script.assistant in assistants]
    if not authors or not written:
        return []
    found = []
    for offset in range((timezone.localdate(now) - first).days + 1):
        day = first + dt.timedelta(days=offset)
        quiet = day.weekday() >= 5
        # More in the second half of the month shown than in the first: use grows.
        growth = 0.7 + 0.5 * offset / DAYS
        number = chance.randint(0, 1) if quiet else max(1, round(workspace.weekday * growth * chance.uniform(0.6, 1.4)))
        # No exchange twice on one day.
        for script in chance.sample(written, min(number, len(written))):
            at = _at(day, dt.time(chance.randint(8, 18), chance.randint(0, 59), chance.randint(0, 59)))
            if at > now:
                continue
            words = {
                "client": chance.choice(workspace.clients),
                "ville": workspace.town,
                "jour": chance.choice(("mardi", "mercredi", "jeudi", "vendredi")),
            }
            author = chance.choice(authors)
            found.append(Said(author, assistants[script.assistant], at, script.filled(**words), is_everyday=True))
    return found


def _written(
    workspace: Workspace, people: dict[str, tuple[User, int]], assistants: dict[str, Assistant], now: dt.datetime
) -> list[Said]:
    found = []
    for script in scripts(workspace.written):
        at = _at(timezone.localdate(now) - dt.timedelta(days=script.day), script.at)
        while at > now - dt.timedelta(minutes=20):
            at -= dt.timedelta(days=1)
        if script.by in people and script.assistant in assistants:
            found.append(Said(people[script.by][0], assistants[script.assistant], at, script))
    return found


def _at(day: dt.date, time: dt.time) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, time))


def _picture(life: Life, said: Said, conversation: Conversation) -> None:
    name, title = said.script.image or ("", "")
    at = said.at + dt.timedelta(minutes=2)
    _file(
        life,
        said.author,
        at,
        name,
        files.cells(),
        title=title,
        visibility=conversation.visibility,
        conversation=conversation,
        text=said.script.turns[0][1].split("\n\n")[0],
    )


def _files(life: Life, people: dict[str, tuple[User, int]], now: dt.datetime) -> None:
    """What people brought: a sheet, a table, a text."""
    owner = people["owner"][0]
    others = [user for user, weight in people.values() if weight and user != owner] or [owner]
    name = life.tenant.name
    sheet = files.pdf(
        f"{name} : livret d’accueil",
        [
            "Bienvenue. Ce livret tient sur une page, exprès.",
            "",
            "Horaires : du mardi au samedi, de 9 h à 18 h.",
            "Première personne à prévenir : celle qui vous accueille.",
            "",
            "Le premier jour : la visite, le matériel, vos accès.",
            "La première semaine : une tâche menée de bout en bout.",
            "Le premier mois : un bilan d’une heure, avec vos idées.",
        ],
    )
    rows: list[list[object]] = [["mois", "clients", "commandes", "montant HT"]]
    for back, (clients, orders, amount) in enumerate(
        [(77, 112, "22330,00"), (82, 118, "23780,00"), (64, 93, "18560,00")]
    ):
        month = (timezone.localdate(now).replace(day=1) - dt.timedelta(days=28 * back)).replace(day=1)
        rows.insert(1, [month.strftime("%Y-%m"), clients, orders, amount])
    notes = (
        "# Idées en vrac\n\n- Une carte de fidélité en papier, dix cases.\n- Les horaires du dimanche en décembre.\n"
    )
    brought = (
        (owner, 9, "livret-accueil.pdf", sheet, "Livret d’accueil", "workspace", ["accueil", "équipe"]),
        (others[0], 2, "chiffres-trimestre.csv", files.table(rows), "Chiffres du trimestre", "workspace", ["chiffres"]),
        (others[-1], 5, "idees.md", notes.encode(), "Idées en vrac", "private", ["à trier"]),
    )
    for author, days, name, data, title, visibility, tags in brought:
        at = _at(timezone.localdate(now) - dt.timedelta(days=days), dt.time(11, 7 * days % 60))
        _file(life, author, at, name, data, title=title, visibility=visibility, tags=tags)


def _file(life: Life, author: User, at: dt.datetime, name: str, data: bytes, **fields: Any) -> None:
    """A file in the storage and its row; the file goes again where the transaction fails."""
    file = io.BytesIO(data)
    kind = library.file_type(file, stored.extension_of(name))
    key = new_id()
    path = stored.store(life.tenant, key, file, kind)
    text = fields.pop("text", "") or (data.decode("utf-8-sig") if kind.media_type.startswith("text/") else "")
    life.item(
        author,
        at,
        kind=kind.kind,
        text=text,
        file=path,
        file_name=name,
        media_type=kind.stored,
        size=len(data),
        **fields,
    )
