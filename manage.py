#!/usr/bin/env python
"""Django's command line. Django's own commands act in the public schema; ours enter a context themselves."""

import os
import sys

# Commands of Django and of libraries that query without knowing of workspaces.
IN_PUBLIC = {
    "makemigrations",
    "check",
    "shell",
    "dbshell",
    "showmigrations",
    "sqlmigrate",
    "migrate_schemas",
    "migrate",
    "rqstats",
}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    from tenants.context import PUBLIC, set_context

    if len(sys.argv) > 1 and sys.argv[1] in IN_PUBLIC:
        set_context(PUBLIC)
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
