"""Ruche's settings, with one app's migrations in a directory to which some can be added."""

import os

from config.settings import *  # noqa: F403

MIGRATION_MODULES = {"library": os.environ["BENCH_MIGRATIONS"]}
