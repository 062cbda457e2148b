"""The settings of the processes that tests start: ours, with passwords hashed as the tests hash them.

Where two processes hash differently, each sign-in renews the hash, which ends the person's other sessions.
"""

from config.settings import *  # noqa: F403

PASSWORD_HASHERS = ["tests.fixtures.passwords.SmallArgon2", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
