"""`python -m tests ARGS`: all tests but those in a browser, of the baseline and the deep ones.

As fast as two processors allow: three processes, each with a database and a cache of its own, for many tests wait for
others (a provider, a bank, a lost connection) and leave their processor to the next. Who has done its part takes over
half of what the slowest has before it. What crowds the machine, or starts platforms of its own, comes after the rest,
two at a time; a hundred people at once come alone, at the end.
"""

import subprocess
import sys

# Their own commands: `make test-browser`, `make test-baseline`, `make test-fakes`, `make test-deep`.
APART = ("tests/browser", "tests/baseline", "tests/stripe_fake", "tests/deep")
# The longest first: it ends the row otherwise.
CROWDS = ("tests/isolation/interleaving", "tests/run")
LIVE = "tests/live"
MANY = ("-n", "3", "--dist", "worksteal")
TWO = ("-n", "2", "--dist", "worksteal")
# What is worth a look is said at the end of each part.
SLOWEST = ("--durations=10", "--durations-min=1.0")
NOTHING_COLLECTED = 5


def main(arguments: list[str]) -> int:
    left_out = [f"--ignore={folder}" for folder in (*APART, *CROWDS, LIVE)]
    codes = {
        _pytest(*MANY, *left_out, *arguments),
        _pytest(*TWO, *CROWDS, *arguments),
        _pytest(LIVE, *arguments),
    }
    return max(codes - {NOTHING_COLLECTED}, default=NOTHING_COLLECTED)


def _pytest(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *SLOWEST, *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
