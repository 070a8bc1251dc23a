import pytest
from django.test import Client

from accounts.models import User


@pytest.fixture
def signed_in(client: Client, member: User) -> Client:
    """A client signed in as `member`."""
    client.force_login(member)
    return client
