"""One run in a process of its own, for the environment's database; its report is the last line on stdout."""

import argparse
import os
import time


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", required=True, help="labels the rows written")
    parser.add_argument("--requests", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--mode", choices=["sync", "async"], required=True)
    parser.add_argument("--connections", choices=["pool", "kept", "fresh"], required=True)
    parser.add_argument("--switch", default="", help="the guard to take away (switches.py)")
    return parser.parse_args()


def main() -> None:
    asked = arguments()
    os.environ["RUCHE_CONNECTIONS"], os.environ["RUCHE_MODE"] = asked.connections, asked.mode
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.isolation.interleaving.settings"
    import django

    django.setup()
    from tests.isolation.interleaving.runs import run

    began = time.monotonic()
    report = run(asked.run, asked.requests, asked.seed, asked.mode, asked.switch)
    report.seconds = time.monotonic() - began
    print(report.dumps())


main()
