"""Mail through django-anymail. The embedded run sends nothing; the operator reads the mails in the console."""

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

# Every mail goes to the outbox; a job sends it with the transport.
EMAIL_BACKEND = "mailing.backend.OutboxBackend"
MAIL_TRANSPORT: str = env.str(
    "MAIL_TRANSPORT",
    default="django.core.mail.backends.dummy.EmailBackend"
    if RUCHE_EMBEDDED
    else "django.core.mail.backends.smtp.EmailBackend",
)
# Seconds; by default there is no timeout.
EMAIL_TIMEOUT: int = 20
# e.g. ANYMAIL={"BREVO_API_KEY": "..."} with MAIL_TRANSPORT=anymail.backends.brevo.EmailBackend
ANYMAIL: dict[str, str] = env.json("ANYMAIL", default={})
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", default="Ruche <ruche@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Mails contain passwords and codes: except in the embedded run, the body is erased once sent.
MAIL_KEEPS_BODIES = RUCHE_EMBEDDED
