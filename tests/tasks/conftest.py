"""The same members, queue and worker as in the tests of exports."""

from tests.exports.conftest import (  # noqa: F401 - fixtures
    exported,
    failed,
    john,
    large_queue,
    queue,
    signed_in,
    stranger,
    susan,
    unreachable_queue,
    work,
)
