"""The settings of a fleet_migrate under test: ours, with the migrations of some apps taken from elsewhere."""

import json
import os

from config.settings import *  # noqa: F403

MIGRATION_MODULES = json.loads(os.environ.get("RUCHE_TEST_MIGRATIONS", "{}"))
