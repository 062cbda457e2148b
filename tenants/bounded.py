"""Work on a file that a stranger brought, in a child process that can do little harm.

A parser may be made to loop, to fill the memory or worse by the file it reads. So it runs in a process of its own:
limits on memory, processor time, open files and what it writes, a wall clock, no environment, a folder of its own that
goes with it, no network and no programs. The child is a Python file named here; it reads the file as standard input,
finds its words on the command line, and answers on standard output.
"""

import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from tenants.executors import give_back_connection

# First lines of every child: its limits, before it imports anything. What they forbid raises in the child.
_OPENING: Final = """
import resource, sys
memory, seconds, written = map(int, sys.argv[1:4])
for name, most in (("AS", memory), ("CPU", seconds), ("FSIZE", written), ("CORE", 0), ("NOFILE", 64)):
    resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))
refused = ("socket.", "subprocess.", "os.exec", "os.posix_spawn", "os.fork", "os.system", "ctypes.dlopen")
def refuse(event, _arguments, refused=refused):
    if event.startswith(refused):
        raise PermissionError(event)
child = sys.argv[4]
sys.argv[:5] = [child]
source = compile(open(child, "rb").read(), child, "exec")
sys.addaudithook(refuse)
exec(source, {"__name__": "__main__", "__file__": child})
"""


class Exceeded(Exception):
    """Raised where the child used up a limit: its time, its memory, its processor, its answer's size."""


class Failed(Exception):
    """Raised where the child ended with an error: it could not read the file."""


@dataclass(frozen=True)
class Limits:
    """What a child may use. `memory` counts address space, in bytes: a bare Python takes 30 MB of it."""

    memory: int = 1_000_000_000
    cpu_seconds: int = 20
    wall_seconds: int = 60
    output: int = 20_000_000


DEFAULT: Final = Limits()


def run(child: Path, file: IO[bytes], *words: str, limits: Limits = DEFAULT) -> bytes:
    """What the child says of the file. `file` has a descriptor of its own. Raises `Exceeded` or `Failed`.

    The caller holds no transaction and no lock: this waits up to `limits.wall_seconds`.
    """
    with tempfile.TemporaryDirectory(prefix="ruche-child-") as folder:
        answer_path = Path(folder) / "answer"
        numbers = (limits.memory, limits.cpu_seconds, limits.output)
        # -I: neither the environment nor the present folder decides what is imported.
        command = [sys.executable, "-I", "-c", _OPENING, *map(str, numbers), str(child), *words]
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        give_back_connection()
        with answer_path.open("wb") as answer:
            process = subprocess.Popen(
                command,
                stdin=file.fileno(),
                stdout=answer,
                stderr=subprocess.DEVNULL,
                cwd=folder,
                env={"TMPDIR": folder, "HOME": folder, "LANG": "C.UTF-8"},
                start_new_session=True,
            )
        try:
            code = process.wait(timeout=limits.wall_seconds)
        except subprocess.TimeoutExpired as error:
            raise Exceeded("wall clock") from error
        finally:
            _end(process)
        if code < 0 or code == MEMORY_EXIT:
            raise Exceeded(f"signal {-code}" if code < 0 else "memory")
        if code:
            raise Failed(f"exit {code}")
        with answer_path.open("rb") as told:
            return told.read(limits.output)


# What a child ends with when it is out of memory, by its own hand.
MEMORY_EXIT: Final = 77


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the child and what it may have started: a session of its own."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
