"""Sandbox: processes an untrusted file in a child process with few rights.

A hostile file can make its parser loop, exhaust memory or run code. So the parser runs in a child process with limits
on memory, CPU time, open files and output size, a wall-clock limit, an empty environment, a temporary folder, no
network and no subprocesses. The child is a Python file of ours; it reads the untrusted file on standard input, takes
arguments on the command line, and writes its result to standard output.
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

# Bootstrap code of every child: applies the limits before any import. A forbidden call raises in the child.
_BOOTSTRAP: Final = """
import resource, sys
memory, seconds, output = map(int, sys.argv[1:4])
for name, limit in (("AS", memory), ("CPU", seconds), ("FSIZE", output), ("CORE", 0), ("NOFILE", 64)):
    resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (limit, limit))
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
    """Raised when the child exceeds a limit: wall-clock time, CPU time, memory or output size."""


class Failed(Exception):
    """Raised when the child exits with an error: it could not process the file."""


@dataclass(frozen=True)
class Limits:
    """Limits of a child. `memory`: address space in bytes, of which a bare Python takes 30 MB; `output`: bytes."""

    memory: int = 1_000_000_000
    cpu_seconds: int = 20
    wall_seconds: int = 60
    output: int = 20_000_000


DEFAULT: Final = Limits()


def run(child: Path, file: IO[bytes], *arguments: str, limits: Limits = DEFAULT) -> bytes:
    """Run the child on a file and return its output. `file` has a file descriptor. Raises `Exceeded` or `Failed`.

    Waits up to `limits.wall_seconds`: call it with no transaction and no lock held.
    """
    with tempfile.TemporaryDirectory(prefix="ruche-child-") as folder:
        answer_path = Path(folder) / "answer"
        limit_arguments = (limits.memory, limits.cpu_seconds, limits.output)
        # -I: imports depend neither on the environment nor on the current folder.
        command = [sys.executable, "-I", "-c", _BOOTSTRAP, *map(str, limit_arguments), str(child), *arguments]
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
            _kill(process)
        if code < 0 or code == MEMORY_EXIT:
            raise Exceeded(f"signal {-code}" if code < 0 else "memory")
        if code:
            raise Failed(f"exit {code}")
        with answer_path.open("rb") as output:
            return output.read(limits.output)


# Exit code of a child that catches MemoryError.
MEMORY_EXIT: Final = 77


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill the child and its descendants: they share a session of their own."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
