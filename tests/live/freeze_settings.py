"""What a web process runs with that strangers try to freeze: ours, a page that breaks, a provider given up soon."""

from tests.live.settings import *  # noqa: F403

TENANT_URLCONF = "tests.live.freeze_urls"
