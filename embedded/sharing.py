"""A server of a directory, shared by the processes that start it and stopped by the last of them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import ClassVar

from embedded import processes
from embedded.files import Lock, locked
from embedded.processes import Identity, Steps


class SharedServer:
    """`STEPS`: the signals that stop it. `popen`: None where another process has started it."""

    STEPS: ClassVar[Steps]
    directory: Path
    identity: Identity
    popen: subprocess.Popen[bytes] | None
    _use: Lock

    def running(self) -> bool:
        return self.popen.poll() is None if self.popen else self.identity.alive()

    def stop(self) -> None:
        """Stop it, unless another process has started it too and still uses it."""
        if self._use.released:
            return
        with locked(self.directory / "lock"):
            alone = self._use.take(wait=False)
            self._use.release()
            if alone:
                processes.stop(self.identity, self.STEPS, self.popen)
                self.stopped()

    def stopped(self) -> None:
        """Called once it is, with the directory's lock held."""
