"""What a run found, and how it is written to the process that asked for it."""

import json
import threading
from collections import Counter
from dataclasses import dataclass, field, fields

from tests.isolation.interleaving.plan import Call


@dataclass
class Report:
    """`wrong`: reads from elsewhere. `failed`: answers that should not have been. `written`: rows by "place table"."""

    run: str
    seed: int
    asked: int = 0
    answered: int = 0
    seconds: float = 0.0
    reads: int = 0
    wrong: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    written: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def take(self, call: Call, status: int, body: bytes, error: str) -> None:
        """Hold one answer against what its request must have seen."""
        with self._lock:
            self.answered += 1
            if status != (500 if call.act.fails else 200) or (call.act.fails and error != "Planned"):
                self.failed.append(f"{call.act.name} at {call.here.name}: {status} {error}")
            elif not call.act.fails:
                self._compare(call, json.loads(body))

    def _compare(self, call: Call, told: dict[str, object]) -> None:
        for side, place in (("here", call.here), ("there", call.there)):
            found: list[str] = told[side]  # type: ignore[assignment]
            self.reads += len(found)
            wrong = sorted({mark for mark in found if mark != place.mark})
            if wrong:
                self.wrong.append(f"{call.act.name} read {wrong} for {place.mark}")
        if not told["here"]:
            self.failed.append(f"{call.act.name} at {call.here.name}: saw nothing")
        self.written.update(told["written"])  # type: ignore[arg-type]

    def dumps(self) -> str:
        return json.dumps({known.name: getattr(self, known.name) for known in fields(self)})

    @classmethod
    def loads(cls, text: str) -> "Report":
        values = json.loads(text)
        return cls(**values | {"written": Counter(values["written"])})

    def acts(self) -> dict[str, int]:
        """Which acts read elsewhere, and how often."""
        return dict(Counter(wrong.partition(" ")[0] for wrong in self.wrong))

    def __str__(self) -> str:
        found = f"{len(self.wrong)} wrong, {len(self.failed)} failed"
        return (
            f"{self.run}: seed {self.seed}, {self.answered} requests, {self.reads} reads, {self.seconds:.1f} s, {found}"
        )
