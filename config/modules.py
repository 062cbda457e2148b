"""The registry of entitlements that a module implements. Others are neither sold nor shown.

An app that implements an entitlement adds a line: the dotted name of a service, a view or an app configuration. A
system check resolves each name. Catalogue rows may exist before: they stay hidden.
"""

MODULES: dict[str, str] = {
    "seats": "workspace.seats.seats_taken",
    "ai_tokens": "conversations.services.question_ask",
    "ai_euros": "conversations.services.question_ask",
    "storage": "library.selectors.storage_used",
}
