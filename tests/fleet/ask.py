"""`python -m tests.fleet.ask HOST PATH ...` prints, as JSON, the status with which each host answers at a path."""

import json
import sys

import django
from django.test import Client


def main() -> None:
    django.setup()
    path, *hosts = sys.argv[1:]
    found = {}
    for host in hosts:
        answer = Client(headers={"host": host}).get(path)
        found[host] = [answer.status_code, answer.headers.get("Retry-After", ""), answer.content.decode()]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
