"""Archives in object storage, for several machines: S3 or a compatible service."""

from typing import Any

from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from storages.backends.s3 import S3Storage

URL_LIFETIME = 60
"""Seconds in which a signed address can be opened; a download that has begun continues."""

MEMORY = 1_000_000
"""Bytes of an opened file kept in memory; more goes to a temporary file."""

CLIENT = Config(
    signature_version="s3v4",
    s3={"addressing_style": "path"},
    connect_timeout=5,
    read_timeout=30,
    retries={"total_max_attempts": 3},
    # Archives have a SHA-256 of their own, and not every service supports these newer checksums.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)

QUESTION = CLIENT.merge(Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2}))
"""For requests that move no file: a member waits for the page, and learns within seconds of an outage."""


class ObjectStorage(S3Storage):  # type: ignore[misc]
    """A private bucket. `options` are bucket_name, location, endpoint_url and region_name.

    The credentials are found where AWS's own tools find them, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(
            client_config=CLIENT,
            # Threads would hold ten parts in memory at once.
            transfer_config=TransferConfig(use_threads=False),
            max_memory_size=MEMORY,
            default_acl=None,
            file_overwrite=False,
            querystring_auth=True,
            **options,
        )
        self._asking = S3Storage(client_config=QUESTION, **options)

    def exists(self, name: str) -> bool:
        """Return whether the file is there."""
        return bool(self._asking.exists(name))

    def delete(self, name: str) -> None:
        """Remove the file, if it is there."""
        self._asking.delete(name)

    def signed_url(self, name: str, *, method: str, disposition: str, content_type: str) -> str:
        """Return an address that serves the file with these headers to anyone for URL_LIFETIME seconds."""
        headers = {"ResponseContentDisposition": disposition, "ResponseContentType": content_type}
        return str(self.url(name, parameters=headers, expire=URL_LIFETIME, http_method=method))
