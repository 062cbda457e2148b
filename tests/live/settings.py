"""What the web process under test runs with: ours, and a provider that is given up after seconds, not minutes."""

from typing import Any

from config.settings import PROVIDERS as CONFIGURED
from tests.settings import *  # noqa: F403

TIMEOUTS = {"first_byte": 6.0, "between": 4.0}
PROVIDERS: dict[str, dict[str, Any]] = {name: {**values, "timeouts": TIMEOUTS} for name, values in CONFIGURED.items()}
# One person of a test asks what a class would.
ANSWERS_PER_PERSON = ANSWERS_PER_WORKSPACE = 200
EVENT_STREAMS_PER_PERSON = 200
