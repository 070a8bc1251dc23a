import pytest
from django.test import Client

from accounts.models import User
from tests.members import signed_in_client


@pytest.fixture
def stranger(john: User) -> Client:
    """John's browser."""
    return signed_in_client(john)
