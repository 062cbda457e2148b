"""Creation of the demonstration, and extension of its history up to today."""

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
from demo.history import HistoryBuilder, PlannedConversation, prices_of
from demo.removal import was_removed
from demo.site import fill_site
from demo.team import add_team
from demo.texts import scripts
from demo.workspaces import OPERATOR, PASSWORD, WORKSPACES, Workspace
from library import files as library_files
from library import services as library
from tenants import trials
from tenants.actors import SYSTEM
from tenants.context import TenantRef, public_context, tenant_context
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.selectors import ref_of
from tenants.services import TRIAL_LENGTH, change_identity, tenant_create
from workspace.onboarding.services import put_away

FILLED = "demo.filled"
DAYS = 30
# Age of the newest conversation.
MIN_AGE = dt.timedelta(minutes=3)


def make_demo() -> str:
    """Create or extend the demonstration. Idempotent. Returns "made", "there" or "removed".

    Raises `RuntimeError` outside the embedded run.
    """
    if not settings.RUCHE_EMBEDDED:
        raise RuntimeError("Demo accounts have a known password: they are for the embedded run only.")
    with public_context():
        if not User.objects.filter(email=OPERATOR).exists():
            operator_create(email=OPERATOR, password=PASSWORD, name="Opératrice de démonstration")
        if was_removed():
            return "removed"
    fill_site()
    created = [workspace.slug for workspace in WORKSPACES if _create_or_extend(workspace)]
    return "made" if created else "there"


def _create_or_extend(workspace: Workspace) -> bool:
    """Whether the workspace was created. A workspace of another owner with the same slug is left unchanged."""
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
    created = tenant_create(
        slug=workspace.slug,
        name=workspace.name,
        email=workspace.email,
        plan=workspace.plan,
        password=PASSWORD,
        allow_reserved=True,
        owner_name=workspace.owner,
    )
    with tenant_context(created.tenant):
        for local, role, name, _weight in workspace.people:
            user_create(email=f"{local}@{workspace.domain}", password=PASSWORD, role=role, name=name)
        add_team(workspace)
        # A demonstration has done its first steps.
        put_away(is_away=True)
    if workspace.brand_hue is not None:
        return change_identity(
            tenant_id=created.tenant.id, name=workspace.name, language="fr", brand_hue=workspace.brand_hue
        )
    return created.tenant


def _keep_open(tenant: Tenant) -> None:
    """Extend a trial that is more than half over."""
    now = timezone.now()
    if tenant.state == Tenant.State.TRIAL and tenant.trial_ends_at and tenant.trial_ends_at < now + TRIAL_LENGTH / 2:
        with suppress(ValidationError):
            trials.extend_trial(tenant_id=tenant.pk, ends_at=now + TRIAL_LENGTH, reason="démonstration", actor=SYSTEM)


def fill(workspace: Workspace, ref: TenantRef, *, now: dt.datetime | None = None) -> int:
    """Add the missing days up to `now`, the first time with the written conversations. Returns the number added."""
    now = (now or timezone.now()) - MIN_AGE
    today = timezone.localdate(now)
    with tenant_context(ref), transaction.atomic(), translation.override("fr"):
        last = AuditEntry.objects.filter(action=FILLED).order_by("-id").first()
        until = dt.date.fromisoformat(last.details["until"]) if last else None
        if until is not None and until >= today:
            return 0
        first = max(
            today - dt.timedelta(days=workspace.days - 1), until + dt.timedelta(days=1) if until else dt.date.min
        )
        rng = random.Random(f"{workspace.slug} {today}")  # noqa: S311 - for variety, not for secrets
        history = HistoryBuilder(ref, prices_of(_model_ids()), rng)
        people = _people(workspace)
        assistants = {assistant.code: assistant for assistant in assistants_offered()}
        planned = [*_everyday_conversations(workspace, people, assistants, first, now, rng)]
        if until is None and workspace.script_file:
            planned += _written_conversations(workspace, people, assistants, now)
        for item in sorted(planned, key=lambda item: item.at):
            conversation = history.add(item)
            if item.script.image:
                _add_image(history, item, conversation)
        if until is None and workspace.script_file:
            _add_uploads(history, people, now)
        history.write()
        audit.record(FILLED, target=ref.slug, until=today.isoformat())
    return len(planned)


def _model_ids() -> list[Any]:
    """Ids of active chat models with a price, except the demonstration's."""
    models = Model.objects.filter(kind=Model.Kind.CHAT, is_active=True, is_demonstration=False)
    return list(models.filter(prices__output_eur__gt=0).distinct().values_list("pk", flat=True))


def _people(workspace: Workspace) -> dict[str, tuple[User, int]]:
    """Local part of the address -> user and share of the usage, for those who exist."""
    users = {user.email: user for user in User.objects.all()}
    expected = [("owner", Role.OWNER, workspace.owner, 2), *workspace.people]
    people = {local: (users.get(f"{local}@{workspace.domain}"), weight) for local, _role, _name, weight in expected}
    return {local: (user, weight) for local, (user, weight) in people.items() if user is not None}


def _everyday_conversations(
    workspace: Workspace,
    people: dict[str, tuple[User, int]],
    assistants: dict[str, Assistant],
    first: dt.date,
    now: dt.datetime,
    rng: random.Random,
) -> list[PlannedConversation]:
    """Short exchanges during working hours, fewer at weekends."""
    authors = [user for user, weight in people.values() for _ in range(weight)]
    templates = [script for script in scripts("everyday.md") if script.assistant in assistants]
    if not authors or not templates:
        return []
    planned = []
    for offset in range((timezone.localdate(now) - first).days + 1):
        day = first + dt.timedelta(days=offset)
        is_weekend = day.weekday() >= 5
        # Usage grows over the month.
        growth = 0.7 + 0.5 * offset / DAYS
        number = (
            rng.randint(0, 1)
            if is_weekend
            else max(1, round(workspace.exchanges_per_weekday * growth * rng.uniform(0.6, 1.4)))
        )
        # Each exchange at most once a day.
        for script in rng.sample(templates, min(number, len(templates))):
            at = _aware(day, dt.time(rng.randint(8, 18), rng.randint(0, 59), rng.randint(0, 59)))
            if at > now:
                continue
            names = {
                "client": rng.choice(workspace.clients),
                "ville": workspace.town,
                "jour": rng.choice(("mardi", "mercredi", "jeudi", "vendredi")),
            }
            author = rng.choice(authors)
            planned.append(
                PlannedConversation(
                    author, assistants[script.assistant], at, script.with_names(**names), is_everyday=True
                )
            )
    return planned


def _written_conversations(
    workspace: Workspace, people: dict[str, tuple[User, int]], assistants: dict[str, Assistant], now: dt.datetime
) -> list[PlannedConversation]:
    planned = []
    for script in scripts(workspace.script_file):
        at = _aware(timezone.localdate(now) - dt.timedelta(days=script.day), script.at)
        while at > now - dt.timedelta(minutes=20):
            at -= dt.timedelta(days=1)
        if script.author in people and script.assistant in assistants:
            planned.append(PlannedConversation(people[script.author][0], assistants[script.assistant], at, script))
    return planned


def _aware(day: dt.date, time: dt.time) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, time))


def _add_image(history: HistoryBuilder, planned: PlannedConversation, conversation: Conversation) -> None:
    name, title = planned.script.image or ("", "")
    at = planned.at + dt.timedelta(minutes=2)
    _add_file(
        history,
        planned.author,
        at,
        name,
        files.honeycomb_png(),
        title=title,
        visibility=conversation.visibility,
        conversation=conversation,
        text=planned.script.turns[0][1].split("\n\n")[0],
    )


def _add_uploads(history: HistoryBuilder, people: dict[str, tuple[User, int]], now: dt.datetime) -> None:
    """Add uploaded files: a PDF, a CSV table and a text."""
    owner = people["owner"][0]
    others = [user for user, weight in people.values() if weight and user != owner] or [owner]
    name = history.tenant.name
    booklet = files.pdf(
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
    for months_ago, (clients, orders, amount) in enumerate(
        [(77, 112, "22330,00"), (82, 118, "23780,00"), (64, 93, "18560,00")]
    ):
        month = (timezone.localdate(now).replace(day=1) - dt.timedelta(days=28 * months_ago)).replace(day=1)
        rows.insert(1, [month.strftime("%Y-%m"), clients, orders, amount])
    notes = (
        "# Idées en vrac\n\n- Une carte de fidélité en papier, dix cases.\n- Les horaires du dimanche en décembre.\n"
    )
    uploads = (
        (owner, 9, "livret-accueil.pdf", booklet, "Livret d’accueil", "workspace", ["accueil", "équipe"]),
        (
            others[0],
            2,
            "chiffres-trimestre.csv",
            files.csv_table(rows),
            "Chiffres du trimestre",
            "workspace",
            ["chiffres"],
        ),
        (others[-1], 5, "idees.md", notes.encode(), "Idées en vrac", "private", ["à trier"]),
    )
    for author, days, name, data, title, visibility, tags in uploads:
        at = _aware(timezone.localdate(now) - dt.timedelta(days=days), dt.time(11, 7 * days % 60))
        _add_file(history, author, at, name, data, title=title, visibility=visibility, tags=tags)


def _add_file(history: HistoryBuilder, author: User, at: dt.datetime, name: str, data: bytes, **fields: Any) -> None:
    """Store a file and add its item. The storage deletes the file if the transaction fails."""
    file = io.BytesIO(data)
    kind = library.file_type(file, library_files.extension_of(name))
    key = new_id()
    path = library_files.store(history.tenant, key, file, kind)
    text = fields.pop("text", "") or (data.decode("utf-8-sig") if kind.media_type.startswith("text/") else "")
    history.add_item(
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
