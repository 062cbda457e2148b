"""Storage of workspaces' files in an S3 bucket, with a circuit breaker and no database connection held."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, Final, TypeVar, cast

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError
from s3transfer.exceptions import RetriesExceededError
from storages.backends.s3 import S3Storage

from tenants.circuit_breaker import Away, Breaker
from tenants.executors import give_back_connection

ResultT = TypeVar("ResultT")
# No answer, a late one, or too many failed attempts.
_AWAY: Final = (HTTPClientError, BotoConnectionError, RetriesExceededError)


class BucketAway(Away):
    """Raised when the bucket does not answer or its circuit is open. The queue retries a job that raises it."""


breaker = Breaker("the bucket", BucketAway, lambda: BucketAway("it did not answer a moment ago: not asked"))


@contextmanager
def _bucket_call() -> Iterator[None]:
    """Context of every call to the bucket. Raises `BucketAway` for no answer or an answer of 500 or above."""
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
    """django-storages' S3 backend; calls hold no database connection and fail fast while the bucket hangs."""

    def _open(self, name: str, mode: str = "rb") -> IO[bytes]:
        return self._call(self._fetch, name, mode)

    def _fetch(self, name: str, mode: str) -> IO[bytes]:
        file: Any = super()._open(name, mode)
        # Downloaded now, to a file on disk: by default the first read downloads it, outside this method's limits.
        file.open()
        return cast(IO[bytes], file)

    def _save(self, name: str, content: Any) -> Any:
        return self._call(super()._save, name, content)

    def delete(self, name: str) -> None:
        self._call(super().delete, name)

    def exists(self, name: str) -> bool:
        return bool(self._call(super().exists, name))

    def delete_all(self, prefix: str) -> None:
        """Delete every object under a prefix."""
        self._call(self.bucket.objects.filter(Prefix=prefix).delete)

    def _call(self, method: Callable[..., ResultT], *arguments: Any) -> ResultT:
        with _bucket_call():
            return method(*arguments)
