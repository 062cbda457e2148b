"""Adapter for allauth: no open sign-up, redirects by role, rate limits by account and network, mails."""

import logging
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.internal import ratelimit
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from accounts import devices, limits
from accounts.addresses import plain_address
from accounts.models import Role, User
from events.catalogue import MemberSignedIn
from events.services import record
from tenants.platform import platform
from tenants.selectors import tenant_url

log = logging.getLogger(__name__)
APP: Final = "allauth.account"
# Mails that anybody can request, with the counter that limits them. Mails to unverified addresses, which a member can
# choose freely, have a counter of their own so that they do not use up the one of existing accounts.
LIMITED_MAILS: Final = {
    "account/email/password_reset_key": "account",
    "account/email/login_code": "account",
    "account/email/email_confirmation": "unproven",
    "account/email/email_confirmation_signup": "unproven",
}
# Mails to an address that the account has just given up.
OLD_ADDRESS_MAILS: Final = frozenset({"account/email/email_changed", "account/email/email_deleted"})


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "too_many_login_attempts": _(
            "Trop d’essais en peu de temps. Attendez quelques minutes, ou recevez un code de connexion par e-mail."
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts are created by an owner, an admin or the operator."""
        return False

    def clean_email(self, email: str) -> str:
        """The normalized form of a typed address."""
        return plain_address(super().clean_email(email))

    def is_safe_url(self, url: str) -> bool:
        """Whether a `next` URL points to this host. False for a malformed URL."""
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

    # -- rate limits by workspace (in the cache keys), account and network

    def _network(self, request: HttpRequest) -> str:
        return limits.network_of(self.get_client_ip(request))

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        return f"{limits.account_key(credentials.get('email', ''))} {self._network(request)}"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Refuse sign-in after too many wrong passwords. Raises `ValidationError`.

        A few failures block the network they came from. Many failures from any network block all networks except those
        from which the user has signed in before. Signing in with a code by mail lifts the block.
        """
        super().pre_authenticate(request, **credentials)
        self._account_usage = None
        email = credentials.get("email", "")
        if limits.is_known_network(email, self._network(request)):
            return
        self._account_usage = ratelimit.consume(
            request, app=APP, action="login_failed_anywhere", key=limits.account_key(email)
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
        key = limits.account_key(credentials.get("email", ""))
        ratelimit.clear(request, app=APP, action="login_failed_anywhere", key=key)

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        # A first sign-in is on no new device. `post_login` is called after Django has set `last_login`.
        request.is_new_device = user.last_login is not None and not devices.is_known(request, user)  # type: ignore[attr-defined]
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return response

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        limits.remember_network(user.email, self._network(request))
        with transaction.atomic():
            if user.role != Role.OPERATOR:
                record(MemberSignedIn(subject_id=user.pk, actor_id=user.pk))
            if getattr(request, "is_new_device", False):
                ip, agent = self.get_client_ip(request), self.get_http_user_agent(request)
                devices.report(user, ip=ip, user_agent=agent)
        response: HttpResponse = super().post_login(request, user, **kwargs)
        devices.remember(request, response, user)
        return response

    # -- links in mails carry a key, so their host comes from the workspace: a request's Host may name any port

    def get_reset_password_from_key_url(self, key: str) -> str:
        url = super().get_reset_password_from_key_url(key)
        return tenant_url(self._site("")["domain"], urlsplit(url).path)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail unless the mailbox has reached its limit. No error, as it would reveal accounts."""
        kind = LIMITED_MAILS.get(template_prefix)
        if kind and not limits.count_mail(kind, email):
            log.warning("mail not sent: enough of its kind went to this mailbox template=%s", template_prefix)
            return
        super().send_mail(template_prefix, email, {**context, "current_site": self._site(template_prefix, email)})

    def render_mail(
        self, template_prefix: str, email: Any, context: dict[str, Any], headers: dict[str, str] | None = None
    ) -> EmailMessage:
        has_account = template_prefix in OLD_ADDRESS_MAILS or User.objects.filter(email=email).exists()
        make: Callable[..., EmailMessage] = import_string(settings.ACCOUNT_MAIL)
        name = template_prefix.rsplit("/", 1)[-1]
        return make(name, email, site=context["current_site"], has_account=has_account, details=context)

    def _site(self, template_prefix: str, email: str = "") -> dict[str, str]:
        """Name and domain of the workspace, or of the platform on the public host.

        Addresses without an account here get the platform's name: a workspace's name is free text, and could be used
        to send spam.
        """
        tenant = self.request.tenant
        domain = tenant.domain if tenant else settings.BASE_HOST
        has_account = template_prefix in OLD_ADDRESS_MAILS or User.objects.filter(email=email).exists()
        return {"name": tenant.name if tenant and has_account else platform().name, "domain": domain}
