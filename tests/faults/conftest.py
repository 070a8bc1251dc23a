"""A member whose tasks meet with faults."""

import pytest

from accounts.models import User
from tests.members import make_member


@pytest.fixture
def susan(transactional_db: None) -> User:
    return make_member("susan")
