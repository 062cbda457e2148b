"""`python -m tests.deep ARGS`: the long simulations, one after the other; then every input to every address, every
hostile piece of code in every language, and ten thousand steps of sequences with crashes.

RUCHE_DEEP=short leaves the second away, and shortens the first.
"""

import os
import subprocess
import sys

NOTHING_COLLECTED = 5
SEQUENCES = "tests/mailing/test_sequences.py"


def main(arguments: list[str]) -> int:
    codes = {_pytest("tests/deep", *arguments)}
    if os.environ.get("RUCHE_DEEP") != "short":
        os.environ["RUCHE_FUZZ"] = "all"
        codes.add(
            _pytest("tests/fuzz", "tests/ui/test_markdown_cost.py", SEQUENCES, "-n", "2", "--dist", "load", *arguments)
        )
    return max(codes - {NOTHING_COLLECTED}, default=NOTHING_COLLECTED)


def _pytest(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
