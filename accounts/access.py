"""Access declarations of views: role x entitlement x state of the workspace. A view without one is refused."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from accounts.models import Role
from tenants.admission import HASHING, OUTSIDE, PAGE

View = TypeVar("View", bound=Callable[..., Any])

TEAM: Final[frozenset[str]] = frozenset({Role.OWNER, Role.ADMIN, Role.INSTRUCTOR, Role.MEMBER})
OWNERS: Final[frozenset[str]] = frozenset({Role.OWNER})
MANAGERS: Final[frozenset[str]] = frozenset({Role.OWNER, Role.ADMIN})
EVERYBODY: Final[frozenset[str]] = frozenset(set(Role) - {Role.OPERATOR})
OPERATORS: Final[frozenset[str]] = frozenset({Role.OPERATOR})
SIGNED_IN: Final[frozenset[str]] = frozenset(Role)

OPEN_STATES: Final = frozenset({"trial", "active", "past_due", "suspended"})
ALL_STATES: Final = OPEN_STATES | {"closed"}
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

# Default limit of a request's body, in bytes.
BODY_LIMIT: Final = 1_000_000


class NotEntitled(Exception):
    """Raised if neither the plan nor an add-on of the workspace includes the entitlement `key`."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(frozen=True)
class Access:
    """Conditions for calling a view.

    `roles`: None admits anyone, signed in or not. `writes_when_read_only`: unsafe methods are allowed in a suspended
    workspace. `body_limit`: in bytes; a larger body is refused unread (config/handler.py). `lane`: group of requests
    that share one concurrency limit (tenants/admission.py).
    """

    roles: frozenset[str] | None
    entitlement: str | None = None
    states: frozenset[str] = OPEN_STATES
    writes_when_read_only: bool = False
    before_password_change: bool = False
    body_limit: int = BODY_LIMIT
    lane: str = PAGE


ANYONE: Final = Access(roles=None, states=ALL_STATES, writes_when_read_only=True, before_password_change=True)


def access(
    roles: Iterable[str],
    *,
    entitlement: str | None = None,
    states: Iterable[str] = OPEN_STATES,
    writes_when_read_only: bool = False,
    body_limit: int = BODY_LIMIT,
    lane: str = PAGE,
) -> Callable[[View], View]:
    """Declare the access of a view. Must be the outermost decorator."""
    declared = Access(
        frozenset(roles), entitlement, frozenset(states), writes_when_read_only, body_limit=body_limit, lane=lane
    )

    def mark(view: View) -> View:
        view.access = declared  # type: ignore[attr-defined]
        return view

    return mark


def anyone(view: View) -> View:
    """Declare a view open to anyone, signed in or not."""
    view.access = ANYONE  # type: ignore[attr-defined]
    return view


def anyone_calling_outside(view: View) -> View:
    """Declare a view open to anyone that calls an outside server, and so runs in the `OUTSIDE` lane."""
    view.access = replace(ANYONE, lane=OUTSIDE)  # type: ignore[attr-defined]
    return view


def anyone_choosing_a_password(view: View) -> View:
    """Declare a view open to anyone that hashes a password, and so runs in the `HASHING` lane."""
    view.access = replace(ANYONE, lane=HASHING)  # type: ignore[attr-defined]
    return view


# Access of library views, by URL name or by namespace ("admin:"). The longest match applies.
_LOGGED_IN = Access(SIGNED_IN, states=ALL_STATES, writes_when_read_only=True, before_password_change=True)
_PASSWORD = replace(ANYONE, lane=HASHING)
_OWN_PASSWORD = replace(_LOGGED_IN, lane=HASHING)
THIRD_PARTY: Final[dict[str, Access]] = {
    "account_login": _PASSWORD,
    "account_logout": ANYONE,
    "account_inactive": ANYONE,
    "account_reset_password": ANYONE,
    "account_reset_password_done": ANYONE,
    "account_reset_password_from_key": _PASSWORD,
    "account_reset_password_from_key_done": ANYONE,
    "account_email_verification_sent": ANYONE,
    "account_confirm_email": ANYONE,
    "account_request_login_code": ANYONE,
    "account_confirm_login_code": ANYONE,
    "account_change_password": _OWN_PASSWORD,
    "account_set_password": _OWN_PASSWORD,
    "account_reauthenticate": _OWN_PASSWORD,
    "account_email": Access(SIGNED_IN),
    "account_signup": _PASSWORD,
    "admin:": Access(OPERATORS),
    "django_rq:": Access(OPERATORS),
    "set_language": ANYONE,
}


def declared_access(view: Any, view_name: str) -> Access | None:
    """The access that the view declares, or that `THIRD_PARTY` declares for its URL name; None if neither does."""
    declared: Access | None = getattr(view, "access", None)
    if declared is not None:
        return declared
    matches = [key for key in THIRD_PARTY if view_name == key or (key.endswith(":") and view_name.startswith(key))]
    return THIRD_PARTY[max(matches, key=len)] if matches else None
