"""Keys of our own models: UUIDv7, so that rows made one after the other stand beside each other in an index."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A new UUIDv7 (RFC 9562)."""
    return uuid7()
