"""Mail: the provider by environment, through django-anymail. The embedded run sends nothing."""

from typing import Any

from config.settings.env import RUCHE_EMBEDDED, env

__all__ = [
    "ANYMAIL",
    "DEFAULT_FROM_EMAIL",
    "EMAIL_BACKEND",
    "EMAIL_HOST",
    "EMAIL_HOST_PASSWORD",
    "EMAIL_HOST_USER",
    "EMAIL_PORT",
    "EMAIL_TIMEOUT",
    "EMAIL_USE_SSL",
    "EMAIL_USE_TLS",
    "MAIL_DKIM_SELECTORS",
    "MAIL_DNS_SERVERS",
    "MAIL_KEEPS_BODIES",
    "MAIL_PROVIDER",
    "MAIL_TRANSPORT",
    "SERVER_EMAIL",
]

# Every mail goes to the outbox; a job sends it with the transport.
EMAIL_BACKEND = "mailing.backend.OutboxBackend"
_TRANSPORTS = {
    "none": "django.core.mail.backends.dummy.EmailBackend",
    "smtp": "django.core.mail.backends.smtp.EmailBackend",
    "brevo": "anymail.backends.brevo.EmailBackend",
    "mailgun": "anymail.backends.mailgun.EmailBackend",
    "postmark": "anymail.backends.postmark.EmailBackend",
    "sendgrid": "anymail.backends.sendgrid.EmailBackend",
    "ses": "anymail.backends.amazon_ses.EmailBackend",
}
MAIL_PROVIDER: str = env.str("MAIL_PROVIDER", default="none" if RUCHE_EMBEDDED else "smtp")
if MAIL_PROVIDER not in _TRANSPORTS:
    raise ValueError(f"MAIL_PROVIDER is one of {', '.join(_TRANSPORTS)}")
# Another backend of Django or of anymail, by its dotted name.
MAIL_TRANSPORT: str = env.str("MAIL_TRANSPORT", default=_TRANSPORTS[MAIL_PROVIDER])

# SMTP. By default there is no timeout; in seconds.
EMAIL_TIMEOUT: int = 20
EMAIL_HOST: str = env.str("EMAIL_HOST", default="localhost")
EMAIL_PORT: int = env.int("EMAIL_PORT", default=25)
EMAIL_HOST_USER: str = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD: str = env.str("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS: bool = env.bool("EMAIL_USE_TLS", default=False)
EMAIL_USE_SSL: bool = env.bool("EMAIL_USE_SSL", default=False)

# Variable of the environment -> setting of anymail. Amazon SES reads boto3's own variables.
_ANYMAIL_VARIABLES = {
    "BREVO_API_KEY": "BREVO_API_KEY",
    "MAILGUN_API_KEY": "MAILGUN_API_KEY",
    "MAILGUN_API_URL": "MAILGUN_API_URL",
    "MAILGUN_SENDER_DOMAIN": "MAILGUN_SENDER_DOMAIN",
    "MAILGUN_WEBHOOK_SIGNING_KEY": "MAILGUN_WEBHOOK_SIGNING_KEY",
    "POSTMARK_SERVER_TOKEN": "POSTMARK_SERVER_TOKEN",
    "SENDGRID_API_KEY": "SENDGRID_API_KEY",
    "SENDGRID_WEBHOOK_KEY": "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY",
    # "user:password" in the address of the webhook
    "MAIL_WEBHOOK_SECRET": "WEBHOOK_SECRET",
}
ANYMAIL: dict[str, Any] = {
    "REQUESTS_TIMEOUT": EMAIL_TIMEOUT,
    **{setting: env.str(name) for name, setting in _ANYMAIL_VARIABLES.items() if env.str(name, default="")},
    **env.json("ANYMAIL", default={}),
}
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", default="Ruche <ruche@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Mails with a password, a code or a link with access lose their body once sent, except in the embedded run.
MAIL_KEEPS_BODIES = RUCHE_EMBEDDED
# Selectors of the provider's DKIM keys, where they are not those it gives everybody (mailing/deliverability.py).
MAIL_DKIM_SELECTORS: list[str] = env.list("MAIL_DKIM_SELECTORS", default=[])
# Server to ask instead of the system's, as "address:port".
MAIL_DNS_SERVERS: list[str] = env.list("MAIL_DNS_SERVERS", default=[])
