"""French is the source language of every text; English is complete."""

from config.settings.env import BASE_DIR, BASE_SCHEME, env

__all__ = [
    "FORMAT_MODULE_PATH",
    "LANGUAGES",
    "LANGUAGE_CODE",
    "LANGUAGE_COOKIE_AGE",
    "LANGUAGE_COOKIE_HTTPONLY",
    "LANGUAGE_COOKIE_NAME",
    "LANGUAGE_COOKIE_SAMESITE",
    "LANGUAGE_COOKIE_SECURE",
    "LOCALE_PATHS",
    "TIME_ZONE",
    "USE_I18N",
    "USE_TZ",
]

LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", "Français"), ("en", "English")]
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
# As the session cookie: host-only and not readable by scripts.
LANGUAGE_COOKIE_NAME = "__Host-language" if BASE_SCHEME == "https" else "language"
LANGUAGE_COOKIE_SECURE = BASE_SCHEME == "https"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
# The second has the French texts of the console's theme, which is in English only.
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "console" / "words"]
FORMAT_MODULE_PATH = ["config.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.str("TIME_ZONE", default="Europe/Paris")
