import pytest
from django.test import Client

from accounts.models import User
from tests.members import make_member, signed_in_client


@pytest.fixture
def susan(member: User) -> User:
    return member


@pytest.fixture
def john(db: None) -> User:
    return make_member("john")


@pytest.fixture
def susans(susan: User) -> Client:
    """Susan's browser."""
    return signed_in_client(susan)


@pytest.fixture
def johns(john: User) -> Client:
    """John's browser."""
    return signed_in_client(john)
