"""Types of the interface between the content hosts and the kinds of content."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from django.http import HttpRequest, HttpResponseBase

# Sandbox permissions that a kind may grant. None gives access to the frame's parent or top: no `allow-top-navigation`
# or `allow-popups-to-escape-sandbox`. `allow-same-origin` is safe, since each object has its own origin.
GRANTABLE: Final = frozenset(
    {"allow-downloads", "allow-forms", "allow-modals", "allow-pointer-lock", "allow-same-origin", "allow-scripts"}
)
# Directives that a kind cannot change.
_FIXED: Final = frozenset({"default-src", "base-uri", "form-action", "frame-ancestors", "sandbox"})


@dataclass(frozen=True)
class Restrictions:
    """Restrictions of a content in the browser. `sources`: CSP directives in addition to `default-src 'none'` and the
    fixed ones. `sandbox`: the permissions that the sandbox grants; None for no sandbox.

    Raises `ValueError` for a permission or a directive that a kind must not set.
    """

    sources: Mapping[str, str] = field(default_factory=dict)
    sandbox: frozenset[str] | None = frozenset()

    def __post_init__(self) -> None:
        refused = (self.sandbox or frozenset()) - GRANTABLE | (_FIXED & set(self.sources))
        if refused:
            raise ValueError(f"not for a content: {', '.join(sorted(refused))}")

    def policy(self, ancestor: str) -> str:
        """The value of the CSP header. `ancestor`: the origin whose pages may frame the content."""
        parts = {
            "default-src": "'none'",
            **self.sources,
            "base-uri": "'none'",
            "form-action": "'none'",
            "frame-ancestors": ancestor,
        }
        if self.sandbox is not None:
            parts["sandbox"] = " ".join(sorted(self.sandbox))
        return "; ".join(f"{name} {value}".strip() for name, value in parts.items())


@dataclass(frozen=True)
class ContentRequest:
    """A request for an object by a valid URL, in its workspace's context.

    `viewer`: key of the user for whom the URL was made, "" for anyone. `version`: the object's version in the URL.
    `path`: the path below the object, "" for the object itself. `request` has no cookies.
    """

    request: HttpRequest
    object_id: str
    version: str
    viewer: str
    path: str


@dataclass(frozen=True)
class Content:
    """Result of a kind: a response with body, type, ranges and ETag, and its restrictions. Other headers are common."""

    response: HttpResponseBase
    restrictions: Restrictions
