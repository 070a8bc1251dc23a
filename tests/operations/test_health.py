"""`/healthz`: the process answers, whatever its database does."""

from django.test import Client


def test_it_answers_ok_without_a_database(client: Client) -> None:
    # No `db` fixture: a query would fail the test.
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.content == b"ok\n"
    assert response.headers["Content-Type"] == "text/plain"


def test_it_begins_no_session_and_is_not_cached(client: Client) -> None:
    response = client.get("/healthz")
    assert not response.cookies
    assert "no-store" in response.headers["Cache-Control"]


def test_it_refuses_to_be_posted_to(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
