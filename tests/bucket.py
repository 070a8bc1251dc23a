"""A real S3 server with one bucket."""

import subprocess
import sys
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import boto3

from tests.mail_server import free_port
from tests.waiting import wait_until

BUCKET = "archives"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}


def make_bucket(endpoint: str) -> Any:
    """Make the bucket on the S3 server at `endpoint`, and return it."""
    return boto3.resource(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    ).create_bucket(Bucket=BUCKET)


class Bucket:
    """Listens on 127.0.0.1, in a process of its own; `url` is what EXPORT_STORAGE_URL is set to."""

    def __init__(self) -> None:
        """Start the server, and make the bucket."""
        port = free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        self.url = f"s3://{BUCKET}/some/prefix?{urlencode({'endpoint_url': self.endpoint})}"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self._answers, 60, what="The S3 server")
        self._objects = make_bucket(self.endpoint)

    def _answers(self) -> bool:
        assert self._process.poll() is None, "The S3 server ended"
        try:
            with urlopen(f"{self.endpoint}/moto-api/"):
                return True
        except URLError:
            return False

    def files(self) -> dict[str, bytes]:
        """Return what is in it, by name."""
        return {item.key: item.get()["Body"].read() for item in self._objects.objects.all()}

    def names(self) -> list[str]:
        """Return the names of the files in it, which may be gone already."""
        return [item.key for item in self._objects.objects.all()]

    def grants(self, name: str) -> list[Any]:
        """Return who may do what with a file, besides what the bucket itself says."""
        return list(self._objects.Object(name).Acl().grants)

    def stop(self) -> None:
        """Stop listening, and forget everything."""
        self._process.kill()
        self._process.wait()
