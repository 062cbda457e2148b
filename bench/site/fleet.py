"""Ruche's settings with the migrations of `library` in a writable copy (bench/scratch.py)."""

import os

from config.settings import *  # noqa: F403

MIGRATION_MODULES = {"library": os.environ["BENCH_MIGRATIONS"]}
