"""Password-reset tokens, bound to the workspace they were made in."""

from typing import Any

from allauth.account.forms import EmailAwarePasswordResetTokenGenerator

from tenants import context


class TenantTokenGenerator(EmailAwarePasswordResetTokenGenerator):
    """The workspace's id is in the hash: a link is worthless next door, even for a user of the same key."""

    def _make_hash_value(self, user: Any, timestamp: int) -> str:
        return f"{context.scope_key()}:{super()._make_hash_value(user, timestamp)}"
