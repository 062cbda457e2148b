"""Which entitlements have a module: the one registry. A right that is not here is neither sold nor shown.

An app that makes a right real adds its line here, with the name of what serves it: a service, a view, an app's
configuration. A system check resolves each name. Rows of the catalogue may stand long before: they wait, hidden.
"""

MODULES: dict[str, str] = {
    "seats": "accounts.seats.seats_taken",
    "ai_tokens": "conversations.services.question_ask",
    "ai_euros": "conversations.services.question_ask",
    "storage": "library.selectors.storage_used",
}
