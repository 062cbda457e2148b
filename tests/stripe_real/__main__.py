"""`python -m tests.stripe_real ARGS`: the marked walks of tests/stripe_fake on the fake and on a real test account.

STRIPE_TEST_SECRET_KEY: the account's key, `sk_test_…`; without it nothing is run, and one line says so.
RUCHE_REQUIRE_STRIPE=1: then a missing key is a failure. RUCHE_STRIPE_ADDRESS: another server than api.stripe.com.
Exit status: 0 no difference, or not run; 1 differences or a walk that failed; 2 a key that is refused.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.stripe_real import compare, sides

STRIPE = "https://api.stripe.com"
NOT_RUN = "test-stripe: NOT RUN, nothing was compared with Stripe: STRIPE_TEST_SECRET_KEY is not set"
REFUSED = "test-stripe: refused: STRIPE_TEST_SECRET_KEY must begin with sk_test_ (a live key is never used)"


def main(arguments: list[str]) -> int:
    key = os.environ.get("STRIPE_TEST_SECRET_KEY", "")
    if not key:
        print(NOT_RUN)
        return int(os.environ.get("RUCHE_REQUIRE_STRIPE") == "1")
    if not key.startswith("sk_test_"):
        print(REFUSED, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="ruche-stripe-") as place:
        failed = [side for side in ("fake", "real") if _walk(side, Path(place, side), key, arguments)]
        return _report(Path(place, "fake"), Path(place, "real"), failed)


def _walk(side: str, records: Path, key: str, arguments: list[str]) -> int:
    """Run the walks on one side; pytest's exit status. What a walk itself asserts is asserted on both."""
    records.mkdir()
    environment = os.environ | {
        sides.SIDE: side,
        sides.RECORDS: str(records),
        sides.KEY: key,
        sides.ADDRESS: os.environ.get(sides.ADDRESS, STRIPE),
    }
    print(f"test-stripe: the walks on {'the fake' if side == 'fake' else environment[sides.ADDRESS]}", flush=True)
    command = [sys.executable, "-m", "pytest", "tests/stripe_fake", "-m", "on_stripe", "--tb=short", *arguments]
    return subprocess.run(command, env=environment, check=False).returncode


def _report(fake: Path, real: Path, failed: list[str]) -> int:
    seen: Counter[str] = Counter()
    first: dict[str, str] = {}
    calls, walks = 0, sorted(path.name for path in fake.glob("*.json"))
    for name in walks:
        ours = json.loads((fake / name).read_text())
        theirs = json.loads((real / name).read_text()) if (real / name).exists() else {"calls": []}
        calls += len(theirs["calls"])
        for line in compare.walk(ours["calls"], theirs["calls"]):
            seen[line] += 1
            first.setdefault(line, ours["walk"])
    for line, times in sorted(seen.items()):
        print(f"  {line}  ({times} x, first in {first[line]})")
    for side in failed:
        print(f"  walks failed on the {side} side: see above")
    print(f"test-stripe: {len(walks)} walks, {calls} calls at Stripe, {len(seen)} kinds of difference")
    return int(bool(seen or failed or not calls))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
