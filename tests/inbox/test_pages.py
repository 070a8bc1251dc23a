"""/messages/ and /messages/<username>/."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from core import pagination
from inbox.models import Conversation, Message
from inbox.services import message_send
from tests.members import make_member
from tests.messages import told

FAMILY = "👩\u200d👩\u200d👧\u200d👦"


def page_of(client: Client, path: str, **options: Any) -> str:
    response = client.get(path, **options)
    assert response.status_code == 200
    return str(response.content.decode())


def unread(member: User, partner: User) -> int:
    return Conversation.objects.get(member=member, partner=partner).unread


def write(client: Client, body: str, to: str = "john") -> Any:
    return client.post(f"/messages/{to}/", {"body": body})


# Writing


def test_a_message_is_sent_as_it_was_written(susans: Client, susan: User, john: User) -> None:
    response = write(susans, " two\r\nlines <b>&amp; \n")
    assert (response.status_code, response["Location"]) == (302, "/messages/john/?sent#id_body")
    message = Message.objects.get()
    assert (message.sender, message.recipient, message.body) == (susan, john, " two\nlines <b>&amp; \n")
    assert "lines &lt;b&gt;&amp;amp;" in page_of(susans, "/messages/john/")


def test_the_limit_counts_characters_as_people_do(susans: Client, john: User) -> None:
    assert write(susans, FAMILY * 2000).status_code == 302
    response = write(susans, FAMILY * 2001)
    assert response.status_code == 422
    assert "The limit is 2000 characters, and your text has 2001" in response.content.decode()
    assert FAMILY * 2001 in response.content.decode()
    assert write(susans, "e" + "\u0301" * 30_000).status_code == 422
    assert Message.objects.count() == 1


@pytest.mark.parametrize("body", ["", " \n\t", "a\0b", "\ud800"])
def test_an_invalid_message_is_refused_and_kept(susans: Client, john: User, body: str) -> None:
    sent = body.encode(errors="surrogatepass")
    response = susans.generic(
        "POST",
        "/messages/john/",
        b"body=" + b"".join(b"%%%02X" % byte for byte in sent),
        "application/x-www-form-urlencoded",
    )
    assert response.status_code in ({302, 422} if body == "\ud800" else {422})  # a form's decoder mends it
    if response.status_code == 422:
        assert 'aria-invalid="true"' in response.content.decode()
        assert not Message.objects.exists()


def test_members_cannot_message_themselves_and_are_told_so(susans: Client) -> None:
    response = write(susans, "one", to="Susan")
    assert response["Location"] == "/messages/"
    assert told(response) == ["You can't send messages to yourself."]
    assert not Message.objects.exists()


def test_unknown_and_closed_accounts_cannot_be_messaged(susans: Client, john: User) -> None:
    User.objects.filter(pk=john.pk).update(is_active=False)
    for name in ("john", "nobody"):
        assert write(susans, "one", to=name).status_code == 404
        assert susans.get(f"/messages/{name}/").status_code == 404
    assert not Message.objects.exists()


def test_messages_of_a_closed_account_can_still_be_read(susans: Client, susan: User, john: User) -> None:
    message_send(sender=john, recipient=susan, body="farewell")
    User.objects.filter(pk=john.pk).update(is_active=False)
    page = page_of(susans, "/messages/john/")
    assert "farewell" in page
    assert "john can no longer receive messages" in page
    assert "<textarea" not in page
    assert unread(susan, john) == 0


def test_a_page_of_another_site_cannot_send(susan: User, john: User) -> None:
    careless = Client(enforce_csrf_checks=True)
    careless.force_login(susan)
    assert write(careless, "one").status_code == 403
    assert not Message.objects.exists()


def test_a_member_over_the_limit_waits_and_keeps_the_text(susans: Client, john: User, settings: LazySettings) -> None:
    cache.clear()
    settings.ACCOUNT_RATE_LIMITS = {"message": "3/10m/user"}
    assert [write(susans, body).status_code for body in ("", "1", "2", "3")] == [422, 302, 302, 302]
    response = write(susans, "a fourth")
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    page = response.content.decode()
    assert "a fourth</textarea>" in page
    assert "Wait a few minutes" in page
    assert Message.objects.count() == 3
    assert susans.get("/messages/john/").status_code == 200


def test_anybody_else_has_to_sign_in(john: User) -> None:
    for path in ("/messages/", "/messages/john/"):
        assert Client().get(path)["Location"] == f"/accounts/login/?next={path}"
    assert Client().post("/messages/john/", {"body": "one"}).status_code == 302
    assert not Message.objects.exists()


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(susans: Client, john: User, method: str) -> None:
    for path in ("/messages/", "/messages/john/"):
        assert getattr(susans, method)(path).status_code == 405
    assert susans.post("/messages/").status_code == 405


# Reading


def test_a_conversation_has_what_both_wrote_the_newest_last_and_nothing_of_others(
    susans: Client, susan: User, john: User
) -> None:
    mary = make_member("mary")
    message_send(sender=susan, recipient=john, body="question")
    message_send(sender=john, recipient=susan, body="answer")
    message_send(sender=mary, recipient=susan, body="from mary")
    message_send(sender=mary, recipient=john, body="not for susan")
    page = page_of(susans, "/messages/JOHN/")
    assert page.index("question") < page.index("answer") < page.index("<textarea")
    assert "from mary" not in page
    assert "not for susan" not in page


def test_links_and_the_names_of_members_lead_there(susans: Client, susan: User, john: User) -> None:
    message_send(sender=john, recipient=susan, body="see https://example.com/ and @john")
    page = page_of(susans, "/messages/john/")
    assert 'href="https://example.com/"' in page
    assert '<a href="/user/john/" data-card="/user/john/card/">@john</a>' in page


def test_an_empty_conversation_says_who_reads_it(susans: Client, john: User) -> None:
    assert "No messages yet. Only you and john" in page_of(susans, "/messages/john/")
    assert not Conversation.objects.exists()


def test_opening_a_conversation_reads_it_and_the_badge_of_that_very_page_says_so(
    susans: Client, susan: User, john: User
) -> None:
    for body in ("one", "two"):
        message_send(sender=john, recipient=susan, body=body)
    page = page_of(susans, "/messages/")
    assert 'data-count="2"' in page
    assert page.count("2 unread messages") == 2  # in the header, and beside the conversation
    assert 'data-count="0"' in page_of(susans, "/messages/john/")
    assert unread(susan, john) == 0


def test_unopened_messages_stay_unread(susans: Client, johns: Client, susan: User, john: User) -> None:
    message_send(sender=john, recipient=susan, body="one")
    newest = pagination.Position.of(Message.objects.get())
    johns.get("/messages/susan/")
    susans.head("/messages/john/")
    susans.get("/messages/john/", headers={"sec-purpose": "prefetch;prerender"})
    susans.get(f"/messages/john/?before={newest}")
    assert unread(susan, john) == 1


def test_conversations_stand_by_their_newest_message(susans: Client, susan: User, john: User) -> None:
    assert "No messages yet." in page_of(susans, "/messages/")
    mary = make_member("mary")
    message_send(sender=mary, recipient=susan, body="hello")
    message_send(sender=susan, recipient=john, body="<i>" + "long " * 100)
    page = page_of(susans, "/messages/")
    assert page.index("/messages/john/#newest") < page.index("/messages/mary/#newest")
    assert "You:" in page
    assert "&lt;i&gt;long long" in page
    assert "long " * 50 not in page
    message_send(sender=mary, recipient=susan, body="hello again")
    page = page_of(susans, "/messages/")
    assert page.index("/messages/mary/#newest") < page.index("/messages/john/#newest")
    assert "hello again" in page


def test_long_lists_come_in_pages_that_lead_to_each_other(
    susans: Client, susan: User, john: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagination, "PAGE_SIZE", 2)
    for number in range(3):
        message_send(sender=john, recipient=susan, body=f"text {number}")
        message_send(sender=make_member(), recipient=susan, body="hello")
    for path, rows in (("/messages/john/", 3), ("/messages/", 4)):
        first = susans.get(path).context["page"]
        second = susans.get(path, {"before": first.older}).context["page"]
        assert len({row.pk for row in (*first.rows, *second.rows)}) == rows
        assert susans.get(path, {"after": second.newer}).context["page"].rows == first.rows
        assert susans.get(path, {"before": "nonsense"}).status_code == 400


def test_the_number_of_queries_does_not_grow(
    susans: Client, susan: User, john: User, django_assert_num_queries: Callable[..., Any]
) -> None:
    for _ in range(3):
        message_send(sender=john, recipient=susan, body="x")
        message_send(sender=make_member(), recipient=susan, body="x")
    susans.get("/messages/john/")
    with django_assert_num_queries(3):  # session with member, badge and alerts, conversations
        susans.get("/messages/")
    with django_assert_num_queries(5):  # session with member, badge and alerts, partner, their side, messages
        susans.get("/messages/john/")


def test_other_members_pages_offer_to_write(susans: Client, john: User) -> None:
    assert 'href="/messages/john/#newest"' in page_of(susans, "/user/john/")
    assert "/messages/susan/" not in page_of(susans, "/user/susan/")
    assert "/messages/john/" not in page_of(Client(), "/user/john/")


def test_no_browser_keeps_what_others_could_go_back_to(susans: Client, john: User) -> None:
    for path in ("/messages/", "/messages/john/"):
        assert "no-store" in susans.get(path)["Cache-Control"]
    assert "no-store" in write(susans, "")["Cache-Control"]
