"""Objects in S3 or a compatible server (MinIO, SeaweedFS, Ceph, AWS), through boto3.

Small objects are put in one request; larger ones as parts, a few at a time, so that memory stays flat whatever their
size, and an upload that fails leaves nothing behind.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, BinaryIO

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from hub.errors import NotFound, Unavailable
from hub.ports import ObjectInfo, PresignedPost

#: The least that S3 takes for a part, so 10,000 parts are 50 GB.
_PART = 5 * 1024 * 1024
_PARTS_AT_ONCE = 3
#: Uploads in parts at the same time in one process: each holds up to 20 MB.
_LARGE_AT_ONCE = 2
#: What is read at once for a reader, who may be slow: some of these wait in memory for each.
_PIECE = 64 * 1024
_DELETED_AT_ONCE = 1000
_MISSING = frozenset({"NoSuchKey", "NotFound", "404"})
_PROBE = ".probe"


class S3Store:
    """`hub.ports.ObjectStore` on a bucket, below an optional prefix.

    An `endpoint_url` names a compatible server and means path-style addresses (the bucket in the path, not in the
    host name); without one it is AWS. Empty keys leave finding credentials to boto3 (instance role, profile).
    """

    def __init__(
        self,
        bucket: str,
        prefix: str = "",
        *,
        endpoint_url: str = "",
        region: str = "us-east-1",
        access_key_id: str = "",
        secret_access_key: str = "",
    ) -> None:
        self._bucket = bucket
        self._prefix = prefix.strip("/") + "/" if prefix.strip("/") else ""
        self._large_uploads = BoundedSemaphore(_LARGE_AT_ONCE)
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=endpoint_url or None,
            region_name=region,
            aws_access_key_id=access_key_id or None,
            aws_secret_access_key=secret_access_key or None,
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path" if endpoint_url else "auto"},
                connect_timeout=5,
                read_timeout=60,
                retries={"mode": "standard", "total_max_attempts": 4},
                max_pool_connections=64,
                # Compatible servers do not all know the newer checksums; TLS and the signature cover the body.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def put(self, key: str, body: BinaryIO, content_type: str) -> ObjectInfo:
        target = {"Bucket": self._bucket, "Key": self._prefix + key}
        first = _read_full(body, _PART)
        with _faults(key):
            if len(first) < _PART:
                answer, size = self._client.put_object(**target, Body=first, ContentType=content_type), len(first)
            else:
                with self._large_uploads:
                    answer, size = self._put_parts(target, first, body, content_type)
        return ObjectInfo(key, size, answer["ETag"].strip('"'), content_type, datetime.now(UTC))

    def head(self, key: str) -> ObjectInfo:
        with _faults(key):
            found = self._client.head_object(Bucket=self._bucket, Key=self._prefix + key)
        return _info(key, found)

    @contextmanager
    def open(self, key: str, start: int = 0, end: int | None = None) -> Iterator[Iterator[bytes]]:
        if end is not None and end <= start:
            self.head(key)
            yield iter(())
            return
        with _faults(key):
            body = self._body(key, start, end)
        try:
            yield _pieces(body, key) if body is not None else iter(())
        finally:
            if body is not None:
                body.close()

    def keys(self, prefix: str) -> Iterator[str]:
        with _faults(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix
            )
            for page in pages:
                for found in page.get("Contents", ()):
                    yield found["Key"].removeprefix(self._prefix)

    def delete(self, keys: Iterable[str]) -> None:
        waiting = iter(keys)
        while batch := list(islice(waiting, _DELETED_AT_ONCE)):
            objects = [{"Key": self._prefix + key} for key in batch]
            with _faults(batch[0]):
                answer = self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": objects, "Quiet": True})
            refused = [one for one in answer.get("Errors", ()) if one.get("Code") not in _MISSING]
            if refused:
                raise _unavailable(f"{len(refused)} objects were not deleted ({refused[0].get('Code')})")

    def local_path(self, key: str) -> Path | None:
        """Objects are on the server."""
        return None

    def presigned_url(self, key: str, seconds: int) -> str | None:
        """An address at which anyone may read the object for so long, Range requests included."""
        target = {"Bucket": self._bucket, "Key": self._prefix + key}
        return str(self._client.generate_presigned_url("get_object", Params=target, ExpiresIn=seconds))

    def presigned_post(self, key: str, size: int, content_type: str, seconds: int) -> PresignedPost | None:
        """A form with a signed policy: this key, this type, exactly this many bytes, until the time is over."""
        conditions = [{"Content-Type": content_type}, ["content-length-range", size, size]]
        form = self._client.generate_presigned_post(
            self._bucket, self._prefix + key, {"Content-Type": content_type}, conditions, seconds
        )
        return PresignedPost(form["url"], form["fields"])

    def sweep(self, before: datetime) -> int:
        """Give up uploads in parts of which no part has come since `before`; the server keeps, and bills, them all."""
        swept = 0
        with _faults(self._prefix):
            # MinIO takes a prefix for a whole key, so all are listed and ours are picked out here.
            pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self._bucket)
            for upload in (upload for page in pages for upload in page.get("Uploads", ())):
                if upload["Key"].startswith(self._prefix) and upload["Initiated"] < before:
                    swept += self._give_up(upload["Key"], upload["UploadId"], before)
        return swept

    def _give_up(self, key: str, upload: str, before: datetime) -> bool:
        target = {"Bucket": self._bucket, "Key": key, "UploadId": upload}
        try:
            pages = self._client.get_paginator("list_parts").paginate(**target)
            if any(part["LastModified"] >= before for page in pages for part in page.get("Parts", ())):
                return False
            self._client.abort_multipart_upload(**target)
        except ClientError as error:  # Its writer has just finished it.
            if _code(error) != "NoSuchUpload":
                raise
            return False
        return True

    def check(self) -> None:
        target = {"Bucket": self._bucket, "Key": self._prefix + _PROBE}
        with _faults(_PROBE):
            self._client.put_object(**target, Body=b"probe", ContentType="text/plain")
            self._client.head_object(**target)

    def create_bucket(self) -> None:
        """Make the bucket unless it is there; for development and tests, where nobody else does."""
        with _faults(self._bucket), suppress(self._client.exceptions.BucketAlreadyOwnedByYou):
            self._client.create_bucket(Bucket=self._bucket)

    def _body(self, key: str, start: int, end: int | None) -> Any:
        """The response stream, or None when `start` lies behind the last byte (RFC 9110 section 15.5.17)."""
        wanted: dict[str, str] = {}
        if start or end is not None:
            wanted["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
        try:
            return self._client.get_object(Bucket=self._bucket, Key=self._prefix + key, **wanted)["Body"]
        except ClientError as error:
            if _code(error) in {"InvalidRange", "416"}:
                return None
            raise

    def _put_parts(self, target: Mapping[str, str], first: bytes, body: BinaryIO, content_type: str) -> tuple[Any, int]:
        """The server's answer, and how many bytes there were."""
        upload = self._client.create_multipart_upload(**target, ContentType=content_type)["UploadId"]
        try:
            parts, size = self._send_parts(target, upload, first, body)
            wanted = {"UploadId": upload, "MultipartUpload": {"Parts": parts}}
            return self._client.complete_multipart_upload(**target, **wanted), size
        except BaseException:
            with suppress(BotoCoreError, ClientError):
                self._client.abort_multipart_upload(**target, UploadId=upload)
            raise

    def _send_parts(
        self, target: Mapping[str, str], upload: str, first: bytes, body: BinaryIO
    ) -> tuple[list[dict[str, Any]], int]:
        """Send parts while reading on, never more than a few at once."""
        under_way: deque[Future[dict[str, Any]]] = deque()
        sent: list[dict[str, Any]] = []

        def send(number: int, piece: bytes) -> dict[str, Any]:
            answer = self._client.upload_part(**target, UploadId=upload, PartNumber=number, Body=piece)
            return {"PartNumber": number, "ETag": answer["ETag"]}

        with ThreadPoolExecutor(_PARTS_AT_ONCE, thread_name_prefix="s3-part") as pool:
            piece, number, size = first, 1, 0
            while piece:
                size += len(piece)
                if len(under_way) == _PARTS_AT_ONCE:
                    sent.append(under_way.popleft().result())
                under_way.append(pool.submit(send, number, piece))
                piece, number = _read_full(body, _PART), number + 1
            sent.extend(part.result() for part in under_way)
        return sent, size


def _read_full(body: BinaryIO, size: int) -> bytes:
    """`size` bytes, fewer only at the end: a stream may return less than was asked for."""
    pieces: list[bytes] = []
    missing = size
    while missing and (piece := body.read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


def _pieces(body: Any, key: str) -> Iterator[bytes]:
    with _faults(key):
        yield from body.iter_chunks(_PIECE)


def _info(key: str, found: Mapping[str, Any]) -> ObjectInfo:
    return ObjectInfo(
        key, found["ContentLength"], found["ETag"].strip('"'), found["ContentType"], found["LastModified"]
    )


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _unavailable(what: str) -> Unavailable:
    return Unavailable(f"The object store does not do its work: {what}.", code="object_store_unavailable")


@contextmanager
def _faults(key: str) -> Iterator[None]:
    """boto3's errors in our terms. Its messages name no secret; the address and the bucket are settings."""
    try:
        yield
    except ClientError as error:
        if _code(error) in _MISSING:
            raise NotFound(f"There is no object {key}.", code="object_not_found") from error
        raise _unavailable(f"it answers {_code(error)}") from error
    except (BotoCoreError, HTTPClientError) as error:
        raise _unavailable(type(error).__name__) from error
