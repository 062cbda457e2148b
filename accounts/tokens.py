"""Password-reset tokens bound to their workspace."""

from typing import Any

from allauth.account.forms import EmailAwarePasswordResetTokenGenerator

from tenants import context


class TenantTokenGenerator(EmailAwarePasswordResetTokenGenerator):
    """Adds the workspace's id to the hash, so that a token is invalid elsewhere even for a user with the same id."""

    def _make_hash_value(self, user: Any, timestamp: int) -> str:
        return f"{context.scope_key()}:{super()._make_hash_value(user, timestamp)}"
