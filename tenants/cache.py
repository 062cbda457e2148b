"""Cache keys carry the workspace: `KEY_FUNCTION` of every cache."""

from tenants import context


def make_key(key: str, key_prefix: str, version: int) -> str:
    """`t:<id>:1:key` inside a workspace, `public:1:key` outside. Raises `NoTenant` with no context."""
    return f"{key_prefix}{context.scope_key()}:{version}:{key}"
