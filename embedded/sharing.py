"""A server of a directory, shared by the processes that start it; the last one stops it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import ClassVar

from embedded import processes
from embedded.files import Lock, locked
from embedded.processes import Identity, Steps


class SharedServer:
    """Base of an embedded server. `STEPS`: signals that stop it; `popen`: None if another process started it."""

    STEPS: ClassVar[Steps]
    directory: Path
    identity: Identity
    popen: subprocess.Popen[bytes] | None
    _use: Lock

    def running(self) -> bool:
        return self.popen.poll() is None if self.popen else self.identity.alive()

    def stop(self) -> None:
        """Stop the server, unless another process still uses it."""
        if self._use.released:
            return
        with locked(self.directory / "lock"):
            is_last_user = self._use.take(wait=False)
            self._use.release()
            if is_last_user:
                processes.stop(self.identity, self.STEPS, self.popen)
                self.stopped()

    def stopped(self) -> None:
        """Called after the server has stopped, with the directory's lock held."""
