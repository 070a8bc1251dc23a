"""Exits with 0 if this container's web server is alive. It asks as the proxy in front does, for the site's own host."""

import http.client
import os
import sys
from urllib.parse import urlsplit


def main() -> int:
    """Ask for /healthz on this machine; return 0 for the answer `ok`, and 1 after saying what came instead."""
    host = urlsplit(os.environ.get("SITE_URL", "")).hostname or "localhost"
    port = int(os.environ.get("WEB_BIND", "127.0.0.1:8000").rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=4)
    try:
        connection.request("GET", "/healthz", headers={"Host": host, "X-Forwarded-Proto": "https"})
        answer = connection.getresponse()
        if answer.status == http.HTTPStatus.OK and answer.read() == b"ok\n":
            return 0
        sys.stderr.write(f"/healthz answered {answer.status}\n")
    except OSError as error:
        sys.stderr.write(f"Nobody answers on port {port}: {error}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
