"""Sign-in: django-allauth by e-mail, per workspace."""

__all__ = [
    "ACCOUNT_ADAPTER",
    "ACCOUNT_CHANGE_EMAIL",
    "ACCOUNT_DEFAULT_HTTP_PROTOCOL",
    "ACCOUNT_EMAIL_NOTIFICATIONS",
    "ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS",
    "ACCOUNT_EMAIL_VERIFICATION",
    "ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED",
    "ACCOUNT_FORMS",
    "ACCOUNT_LOGIN_BY_CODE_ENABLED",
    "ACCOUNT_LOGIN_BY_CODE_TIMEOUT",
    "ACCOUNT_LOGIN_METHODS",
    "ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE",
    "ACCOUNT_LOGOUT_REDIRECT_URL",
    "ACCOUNT_MAX_EMAIL_ADDRESSES",
    "ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR",
    "ACCOUNT_PREVENT_ENUMERATION",
    "ACCOUNT_RATE_LIMITS",
    "ACCOUNT_REAUTHENTICATION_REQUIRED",
    "ACCOUNT_SIGNUP_FIELDS",
    "ACCOUNT_USER_MODEL_USERNAME_FIELD",
    "ALLAUTH_TRUSTED_PROXY_COUNT",
    "AUDIT_ENTRIES",
    "AUDIT_ROW_CHANGE",
    "AUTHENTICATION_BACKENDS",
    "AUTH_PASSWORD_VALIDATORS",
    "AUTH_USER_MODEL",
    "ENTITLEMENT_CHECK",
    "LOGIN_REDIRECT_URL",
    "LOGIN_URL",
    "PASSWORD_HASHERS",
]

from config.settings.env import BASE_SCHEME, env

AUTH_USER_MODEL = "accounts.User"
# Called by `accounts` as f(tenant, entitlement): it stands below `plans`.
ENTITLEMENT_CHECK = "plans.services.has_entitlement"
# Called by the console's kit in `ui`, the lowest app, as f(targets), newest first,
# and as f(target=, row=, added=, actor=, **details).
AUDIT_ENTRIES = "accounts.selectors.audit_entries"
AUDIT_ROW_CHANGE = "accounts.services.record_row_change"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accounts.passwords.VisibleCharactersValidator"},
]

ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
# Sign-in for a forgotten password, or after too many wrong ones: as secure as a password reset.
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 15 * 60
# No mail to addresses without an account: it would send a workspace's texts to strangers.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
# An address is confirmed by a code kept in the session: allauth's links are not bound to a workspace.
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_MAX_EMAIL_ADDRESSES = 2
# Control of the address allows a password reset, so changing it requires the password again, and the old address is
# notified (as for a change of password).
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_DEFAULT_HTTP_PROTOCOL = BASE_SCHEME
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "accounts.tokens.TenantTokenGenerator"  # noqa: S105 - a class
ACCOUNT_FORMS = {
    "change_password": "accounts.forms.ChangePasswordForm",
    "reset_password_from_key": "accounts.forms.ResetPasswordKeyForm",
}
# Number of trusted proxies; rate limits count the client address that the outermost one saw.
ALLAUTH_TRUSTED_PROXY_COUNT: int = env.int("TRUSTED_PROXIES", default=int(env.bool("BEHIND_PROXY", default=False)))
# A training room shares one IP address: limits are generous by address and strict by account.
ACCOUNT_RATE_LIMITS = {
    "login": "120/m/ip",
    # The key: the account and the network (accounts/adapter.py).
    "login_failed": "30/m/ip,8/5m/key",
    # The account, whatever the network.
    "login_failed_anywhere": "100/h/key",
    "reset_password": "40/m/ip,5/h/key",
    "request_login_code": "40/m/ip,5/h/key",
    "change_password": "10/m/user",
    "manage_email": "10/m/user",
    "reauthenticate": "10/m/user",
}
