"""Exits with 0 if a worker of this container has told the queue server that it is alive, within the last minute."""

import os
import socket
import sys
from datetime import timedelta

from redis import Redis
from redis.exceptions import RedisError
from rq import Worker
from rq.utils import now

LONGEST_SILENCE = timedelta(seconds=60)  # an idle worker speaks every 5 seconds, and so does one at a job


def main() -> int:
    """Look for the worker; return 0 if it is there, and 1 after saying what is wrong."""
    options = {"ssl_cert_reqs": "none"} if os.environ.get("REDIS_TLS_VERIFY") in {"0", "off", "false"} else {}
    connection = Redis.from_url(os.environ["REDIS_URL"], socket_timeout=4, **options)
    here = socket.gethostname()
    try:
        # Workers that were killed stand there too for a while, with an old sign of life.
        beats = [worker.last_heartbeat for worker in Worker.all(connection=connection) if worker.hostname == here]
    except RedisError as error:
        sys.stderr.write(f"The queue server does not answer: {error}\n")
        return 1
    if any(beat and now() - beat < LONGEST_SILENCE for beat in beats):
        return 0
    sys.stderr.write(f"No worker of {here} has been heard of for {LONGEST_SILENCE.seconds} seconds\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
