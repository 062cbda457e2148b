"""`python -m tests ARGS`: all tests but those in a browser, as fast as two processors allow.

What crowds the machine by itself, or looks at a clock, runs alone afterwards; the rest in two processes, each with a
database and a cache of its own.
"""

import subprocess
import sys

ALONE = ("tests/live", "tests/run", "tests/isolation/interleaving")
NOTHING_COLLECTED = 5


def main(arguments: list[str]) -> int:
    others = ["--ignore=tests/browser", *(f"--ignore={folder}" for folder in ALONE)]
    together = _pytest("-n", "2", "--dist", "loadfile", *others, *arguments)
    alone = _pytest(*ALONE, *arguments)
    if together == alone == NOTHING_COLLECTED:
        return NOTHING_COLLECTED
    return max(code for code in (together, alone, 0) if code != NOTHING_COLLECTED)


def _pytest(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
