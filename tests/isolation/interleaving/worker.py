"""A worker beside the requests: takes what they queued, in this process and one thread."""

import threading

import django_rq
from django.db import connections
from rq.job import Job


class Worker:
    """`failed` says which jobs raised."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self._queue = django_rq.get_queue("default")
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> None:
        """Returns once the queue is empty."""
        self._end.set()
        self._thread.join()

    def _work(self) -> None:
        while True:
            ending = self._end.is_set()
            key = self._queue.connection.lpop(self._queue.key)
            if key:
                self._perform(key.decode())
            elif ending:
                break
            else:
                self._end.wait(0.02)
        connections.close_all()

    def _perform(self, key: str) -> None:
        job = Job.fetch(key, connection=self._queue.connection, serializer=self._queue.serializer)
        try:
            job.perform()
        except Exception as error:
            self.failed.append(f"job: {error!r}")
        job.delete()
