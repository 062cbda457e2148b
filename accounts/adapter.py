"""allauth, as Ruche wants it: no open sign-up, everybody to their own home, limits that no spelling resets."""

import logging
from typing import Any, Final
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.internal import ratelimit
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import limits
from accounts.addresses import plain_address
from accounts.models import Role, User
from events.catalogue import MemberSignedIn
from events.services import record
from tenants.selectors import tenant_url

log = logging.getLogger(__name__)
APP: Final = "allauth.account"
# What anybody can have sent by asking, and under which count it stands: mails to accounts are not used up by those
# that a member sends to addresses that are nobody's yet.
ASKED_FOR: Final = {
    "account/email/password_reset_key": "account",
    "account/email/login_code": "account",
    "account/email/email_confirmation": "unproven",
    "account/email/email_confirmation_signup": "unproven",
}
# They go to an address that has just stopped being the account's.
TO_THE_OLD_ADDRESS: Final = frozenset({"account/email/email_changed", "account/email/email_deleted"})


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "too_many_login_attempts": _(
            "Trop d’essais en peu de temps. Attendez quelques minutes, ou recevez un code de connexion par e-mail."
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """People are made by an owner, an admin or the operator."""
        return False

    def clean_email(self, email: str) -> str:
        """An address that somebody types for their account, as it is kept."""
        return plain_address(super().clean_email(email))

    def is_safe_url(self, url: str) -> bool:
        """Whether a `next` leads to this host. An address that cannot even be read does not."""
        try:
            return bool(super().is_safe_url(url))
        except ValueError:
            return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        if request.user.is_authenticated and request.user.role == Role.OPERATOR:
            return reverse("admin:index")
        return reverse("home")

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return self.get_login_redirect_url(request)

    # -- limits: by workspace (the cache's keys), account and origin

    def _origin(self, request: HttpRequest) -> str:
        return limits.network_of(self.get_client_ip(request))

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        return f"{limits.account_of(credentials.get('email', ''))} {self._origin(request)}"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """A few wrong passwords close the door for the network they came from; very many, from anywhere, for all
        networks but those that the account's holder is known to use. A code by mail opens it again."""
        super().pre_authenticate(request, **credentials)
        self._account_usage = None
        email = credentials.get("email", "")
        if limits.is_known_origin(email, self._origin(request)):
            return
        self._account_usage = ratelimit.consume(
            request, app=APP, action="login_failed_anywhere", key=limits.account_of(email)
        )
        if self._account_usage is None:
            self._rollback_login_failed_rl_usage()
            log.warning("sign-in closed: too many wrong passwords for one account, from many networks")
            raise self.validation_error("too_many_login_attempts")

    def _rollback_login_failed_rl_usage(self) -> None:
        super()._rollback_login_failed_rl_usage()
        if usage := getattr(self, "_account_usage", None):
            usage.rollback()

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        super()._delete_login_attempts_cached_email(request, **credentials)
        key = limits.account_of(credentials.get("email", ""))
        ratelimit.clear(request, app=APP, action="login_failed_anywhere", key=key)

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        limits.remember_origin(user.email, self._origin(request))
        if user.role != Role.OPERATOR:
            with transaction.atomic():
                record(MemberSignedIn(subject_id=user.pk, actor_id=user.pk))
        answer: HttpResponse = super().post_login(request, user, **kwargs)
        return answer

    # -- mails are made of our own addresses: a request's Host may name any port, and the link carries a key

    def get_reset_password_from_key_url(self, key: str) -> str:
        asked = super().get_reset_password_from_key_url(key)
        return tenant_url(self._place("")["domain"], urlsplit(asked).path)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Nothing goes where a mailbox has had its share, over all workspaces; nobody is told, for it says nothing."""
        kind = ASKED_FOR.get(template_prefix)
        if kind and not limits.takes_another_mail(kind, email):
            log.warning("mail not sent: enough of its kind went to this mailbox template=%s", template_prefix)
            return
        super().send_mail(template_prefix, email, {**context, "current_site": self._place(template_prefix, email)})

    def format_email_subject(self, subject: str) -> str:
        """The place stands in front of it; `render_mail` knows to whom it goes."""
        return subject

    def render_mail(
        self, template_prefix: str, email: Any, context: dict[str, Any], headers: dict[str, str] | None = None
    ) -> EmailMessage:
        message: EmailMessage = super().render_mail(template_prefix, email, context, headers)
        message.subject = f"[{context['current_site']['name']}] {message.subject}"
        return message

    def _place(self, template_prefix: str, email: str = "") -> dict[str, str]:
        """Name and domain of the workspace, or of the platform on the public host.

        A workspace's name is its own words: an address that is no account's here gets the platform's instead.
        """
        tenant = self.request.tenant
        domain = tenant.domain if tenant else settings.BASE_HOST
        known = template_prefix in TO_THE_OLD_ADDRESS or User.objects.filter(email=email).exists()
        return {"name": tenant.name if tenant and known else "Ruche", "domain": domain}
