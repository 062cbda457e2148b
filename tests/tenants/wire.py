"""A wire to Redis that can be cut or stopped."""

import contextlib
import os
import socket
import threading
from urllib.parse import urlsplit, urlunsplit


class Wire:
    """A way to Redis: `flow` as it should, `hang` (nothing passes, nobody is told), `cut` (nobody answers)."""

    def __init__(self) -> None:
        parts = urlsplit(os.environ["REDIS_URL"])
        self._target = (parts.hostname, parts.port)
        self._flowing = threading.Event()
        self._flowing.set()
        self._pairs: list[socket.socket] = []
        self._server: socket.socket | None = None
        self.port = 0
        self.flow()
        login = parts.netloc.rpartition("@")[0]
        self.url = urlunsplit(parts._replace(netloc=f"{login}@127.0.0.1:{self.port}"))

    def flow(self) -> None:
        self._flowing.set()
        if self._server is None:
            server = socket.socket()
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind(("127.0.0.1", self.port))
            server.listen(64)
            self._server, self.port = server, server.getsockname()[1]
            threading.Thread(target=self._accept, args=(server,), daemon=True).start()

    def hang(self) -> None:
        self._flowing.clear()

    def cut(self) -> None:
        server, self._server = self._server, None
        if server:
            # Closing alone leaves the thread in accept, and the port open.
            server.shutdown(socket.SHUT_RDWR)
            server.close()
        pairs, self._pairs = self._pairs, []
        for end in pairs:
            _close(end)

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                near, _address = server.accept()
            except OSError:
                return
            far = socket.create_connection(self._target)
            self._pairs += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                self._flowing.wait()
                sink.sendall(data)
        except OSError:
            pass
        _close(sink)


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
