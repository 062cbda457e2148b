"""From a form to a workspace: a request, a mail with a link and a code, the workspace once the address is proved."""

import hmac
import logging
import secrets
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts.addresses import plain_address
from accounts.handoff import handoff_url
from accounts.models import Role, User
from billing.api import terms
from events.catalogue import Code, SignupCompleted, SignupRequested
from events.services import record
from mailing.services import send
from signup import limits
from signup.models import LIFETIME, SignupRequest
from tenants import lifecycle, signing
from tenants.context import TenantRef, public_context, tenant_context
from tenants.models import Tenant
from tenants.selectors import public_url, tenant_ref, tenant_url
from tenants.services import tenant_create

log = logging.getLogger(__name__)
MAX_TRIES: Final = 5
MAX_MAILS: Final = 4
# Author of the audit log's entries.
SIGN_UP: Final = gettext_noop("inscription")
_PURPOSE: Final = "signup"


class SignupExpired(Exception):
    """Raised for a request that does not exist or has expired."""


class SignupDone(Exception):
    """Raised for a request whose workspace exists. `tenant`: None if it was deleted since."""

    def __init__(self, tenant: TenantRef | None) -> None:
        super().__init__()
        self.tenant = tenant


@dataclass(frozen=True)
class Wish:
    """What a stranger asks for, as the form cleaned it. `terms`: the version accepted, None if none is published."""

    email: str
    name: str
    workspace: str
    slug: str
    plan: str
    language: str
    terms: UUID | None
    origin: str | None
    has_proof: bool


def with_proof(wish: Wish, has_proof: bool) -> Wish:
    """The wish, with whether its browser proved some work."""
    return replace(wish, has_proof=has_proof)


def request_open(request_id: UUID, wish: Wish) -> UUID:
    """Store a request and mail its link and code, in one transaction. Returns its id.

    The same form sent twice is one request and one mail. Another wish under the same id, as after the back button, is
    another request. Nothing is counted against limits here.
    """
    with public_context(), transaction.atomic():
        fields = _typed(wish)
        more = {"terms_id": wish.terms, "origin": wish.origin, "has_proof": wish.has_proof}
        row, is_new = SignupRequest.objects.get_or_create(id=request_id, defaults=fields | more)
        if not is_new and not _is_same(row, fields):
            row = SignupRequest.objects.create(id=_new_request_id(), **fields, **more)
            is_new = True
        if is_new:
            record(SignupRequested(subject_id=row.pk, plan=Code(wish.plan), has_proof=wish.has_proof))
            _send_code(row)
    return row.pk


def _typed(wish: Wish) -> dict[str, str]:
    """What was typed or chosen in the form, as fields of its request."""
    return {
        "email": plain_address(wish.email),
        "name": wish.name,
        "workspace": wish.workspace,
        "slug": wish.slug,
        "plan_code": wish.plan,
        "language": wish.language,
    }


def _is_same(row: SignupRequest, fields: dict[str, str]) -> bool:
    return all(getattr(row, key) == value for key, value in fields.items())


def _new_request_id() -> UUID:
    """Random in all its bits: the id opens the page of the code."""
    return UUID(bytes=secrets.token_bytes(16), version=4)


def is_repeated(request_id: UUID, wish: Wish) -> bool:
    """Whether this form was sent already, as by a double click."""
    with public_context():
        row = SignupRequest.objects.filter(pk=request_id).first()
    return row is not None and _is_same(row, _typed(wish))


def live_request(request_id: UUID) -> SignupRequest:
    """A request that has not expired. Raises `SignupExpired`."""
    with public_context():
        row = SignupRequest.objects.filter(pk=request_id, expires_at__gt=timezone.now()).first()
    if row is None:
        raise SignupExpired
    return row


def link_token(request_id: UUID) -> str:
    """The signed part of the link in the mail."""
    with public_context():
        return signing.sign(_PURPOSE, str(request_id))


def request_of_link(token: str) -> SignupRequest:
    """The request of a link. Raises `SignupExpired`, also for a link that is not ours."""
    try:
        with public_context():
            request_id = UUID(signing.unsign(_PURPOSE, token[:300], max_age=LIFETIME))
    except (signing.BadSignature, ValueError, TypeError, AttributeError):
        raise SignupExpired from None
    return live_request(request_id)


def _digest(request_id: UUID, code: str) -> str:
    return salted_hmac("signup.code", f"{request_id}:{code}", algorithm="sha256").hexdigest()


def _send_code(row: SignupRequest) -> None:
    """Replace the code and mail it with the link. In a transaction."""
    code = f"{secrets.randbelow(10**6):06d}"
    row.code_digest, row.tries, row.mails = _digest(row.pk, code), 0, row.mails + 1
    row.save(update_fields=["code_digest", "tries", "mails"])
    with translation.override(row.language):
        send(
            template="signup_code",
            to=row.email,
            context={"name": "", "code": code, "link": public_url(f"/inscription/ouvrir/{link_token(row.pk)}/")},
        )


def code_resend(request_id: UUID) -> bool:
    """Mail a new code, which ends the former one. False if there were too many mails. Raises `SignupExpired`."""
    with public_context(), transaction.atomic():
        row = SignupRequest.objects.select_for_update().filter(pk=request_id, expires_at__gt=timezone.now()).first()
        if row is None:
            raise SignupExpired
        if row.tenant_id or row.mails >= MAX_MAILS or not limits.may_mail(row.email):
            return False
        _send_code(row)
    return True


def code_check(request_id: UUID, code: str) -> bool:
    """Whether this is the code of the last mail. Each call is a try, the fifth wrong one ends the code.

    Raises `SignupExpired`.
    """
    with public_context(), transaction.atomic():
        row = SignupRequest.objects.select_for_update().filter(pk=request_id, expires_at__gt=timezone.now()).first()
        if row is None:
            raise SignupExpired
        if row.tries >= MAX_TRIES or not row.code_digest:
            return False
        SignupRequest.objects.filter(pk=row.pk).update(tries=F("tries") + 1)
    return hmac.compare_digest(row.code_digest, _digest(row.pk, code))


def workspace_open(request_id: UUID, *, workspace: str, slug: str, password: str) -> str:
    """Create the workspace of a request with its owner, in one transaction. Returns the address that signs in.

    The address was proved: the caller holds the link. Raises `SignupExpired`, `SignupDone`, and `ValidationError` (the
    slug was taken meanwhile, the password is weak), after which nothing is changed.
    """
    try:
        with public_context(), transaction.atomic():
            row = SignupRequest.objects.select_for_update().filter(pk=request_id, expires_at__gt=timezone.now()).first()
            if row is None:
                raise SignupExpired
            if row.tenant_id is None:
                tenant, owner = _open(row, workspace, slug, password)
                log.info("workspace made by sign-up slug=%s", tenant.slug)
                return handoff_url(tenant, owner.pk)
    except IntegrityError as error:
        # The domain was taken between the check and the insert.
        raise ValidationError(
            _("L’adresse « %(slug)s » est déjà prise."), code="slug_taken", params={"slug": slug}
        ) from error
    return _enter_again(row, password)


def _open(row: SignupRequest, workspace: str, slug: str, password: str) -> tuple[TenantRef, User]:
    created = tenant_create(
        slug=slug,
        name=workspace,
        email=row.email,
        plan=row.plan_code,
        password=password,
        language=row.language,
        owner_name=row.name,
        actor=SIGN_UP,
        is_password_chosen=True,
    )
    tenant = created.tenant
    with tenant_context(tenant):
        owner = User.objects.get(role=Role.OWNER)
        record(SignupCompleted(subject_id=tenant.id, actor_id=owner.pk, plan=Code(row.plan_code)))
    if row.terms is not None:
        terms.record_sign_up(
            tenant, row.terms, row.plan_code, actor=owner, origin=row.origin or "", reference=str(row.pk)
        )
    lifecycle.run("signed_up", tenant, actor=owner, origin=row.origin or "", reference=str(row.pk), at=row.created_at)
    row.tenant_id, row.completed_at, row.code_digest = tenant.id, timezone.now(), ""
    row.save(update_fields=["tenant_id", "completed_at", "code_digest"])
    return tenant, owner


def _enter_again(row: SignupRequest, password: str) -> str:
    """As the first answer to a double click: with the owner's password, sign in again; else raise `SignupDone`."""
    tenant = tenant_of(row)
    if tenant is not None and limits.may_enter(str(row.pk)):
        with tenant_context(tenant):
            owner = User.objects.filter(email=row.email, is_active=True).first()
            is_right = owner is not None and owner.check_password(password)
        if owner is not None and is_right:
            return handoff_url(tenant, owner.pk)
    raise SignupDone(tenant)


def tenant_of(row: SignupRequest) -> TenantRef | None:
    """The workspace of a request; None before it exists and after it was deleted."""
    if row.tenant_id is None:
        return None
    try:
        return tenant_ref(row.tenant_id)
    except Tenant.DoesNotExist:
        return None


def sign_in_url(tenant: TenantRef) -> str:
    """The sign-in page of a workspace."""
    return tenant_url(tenant.domain, "/accounts/login/")
