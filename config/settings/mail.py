"""Mail leaves through django-anymail. The embedded run keeps what it would send, for the operator to read."""

from config.settings.env import RUCHE_EMBEDDED, env

__all__ = [
    "ANYMAIL",
    "DEFAULT_FROM_EMAIL",
    "EMAIL_BACKEND",
    "EMAIL_TIMEOUT",
    "MAIL_KEEPS_BODIES",
    "MAIL_TRANSPORT",
    "SERVER_EMAIL",
]

# Every mail goes through the outbox; a job hands it to the transport.
EMAIL_BACKEND = "mailing.backend.OutboxBackend"
MAIL_TRANSPORT: str = env.str(
    "MAIL_TRANSPORT",
    default="django.core.mail.backends.dummy.EmailBackend"
    if RUCHE_EMBEDDED
    else "django.core.mail.backends.smtp.EmailBackend",
)
# Seconds; without it a server that says nothing is waited for without end.
EMAIL_TIMEOUT: int = 20
# e.g. ANYMAIL={"BREVO_API_KEY": "..."} with MAIL_TRANSPORT=anymail.backends.brevo.EmailBackend
ANYMAIL: dict[str, str] = env.json("ANYMAIL", default={})
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", default="Ruche <ruche@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Mails carry passwords and codes: elsewhere than in the embedded run the text goes once it is sent.
MAIL_KEEPS_BODIES = RUCHE_EMBEDDED
