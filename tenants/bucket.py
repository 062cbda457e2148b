"""The bucket in which workspaces' files are kept where one is named: asked with patience, and with nothing in hand."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, Final, TypeVar, cast

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError
from s3transfer.exceptions import RetriesExceededError
from storages.backends.s3 import S3Storage

from tenants.executors import give_back_connection
from tenants.resting import Away, Breaker

ResultT = TypeVar("ResultT")
# No answer, or none in time, or one that says that the server is not up to it.
_AWAY: Final = (HTTPClientError, BotoConnectionError, RetriesExceededError)


class BucketAway(Away):
    """Raised where the bucket does not answer, or did not a moment ago. A job is tried again."""


breaker = Breaker("the bucket", BucketAway, lambda: BucketAway("it did not answer a moment ago: not asked"))


@contextmanager
def _asking() -> Iterator[None]:
    """Around everything that waits for the bucket."""
    give_back_connection()
    with breaker.call():
        try:
            yield
        except _AWAY as error:
            raise BucketAway(str(error)) from error
        except ClientError as error:
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:
                raise BucketAway(str(error)) from error
            raise


class Bucket(S3Storage):
    """django-storages' S3, of which no call holds a connection to the database or waits for a bucket that hangs."""

    def _open(self, name: str, mode: str = "rb") -> IO[bytes]:
        return self._asked(self._fetch, name, mode)

    def _fetch(self, name: str, mode: str) -> IO[bytes]:
        file: Any = super()._open(name, mode)
        # Through a file on disk, here and now: by itself it would be fetched with the first read, whoever that makes
        # wait, and kept in memory.
        file.open()
        return cast(IO[bytes], file)

    def _save(self, name: str, content: Any) -> Any:
        return self._asked(super()._save, name, content)

    def delete(self, name: str) -> None:
        self._asked(super().delete, name)

    def exists(self, name: str) -> bool:
        return bool(self._asked(super().exists, name))

    def delete_all(self, prefix: str) -> None:
        """Delete every object under a prefix."""
        self._asked(self.bucket.objects.filter(Prefix=prefix).delete)

    def _asked(self, call: Callable[..., ResultT], *arguments: Any) -> ResultT:
        with _asking():
            return call(*arguments)
