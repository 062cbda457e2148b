"""allauth, as Ruche wants it: no open sign-up, everybody to their own home."""

from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from accounts.models import Role
from tenants.selectors import tenant_url


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """People are made by an owner, an admin or the operator."""
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        if request.user.is_authenticated and request.user.role == Role.OPERATOR:
            return reverse("admin:index")
        return reverse("home")

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return self.get_login_redirect_url(request)

    # -- mails are made of our own addresses: a request's Host may name any port, and the link carries a key

    def get_reset_password_from_key_url(self, key: str) -> str:
        asked = super().get_reset_password_from_key_url(key)
        return tenant_url(self._place()["domain"], urlsplit(asked).path)

    def format_email_subject(self, subject: str) -> str:
        return f"[{self._place()['name']}] {subject}"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        super().send_mail(template_prefix, email, {**context, "current_site": self._place()})

    def _place(self) -> dict[str, str]:
        """Name and domain of the workspace, or of the platform on the public host."""
        tenant = self.request.tenant
        return {"name": tenant.name if tenant else "Ruche", "domain": tenant.domain if tenant else settings.BASE_HOST}
