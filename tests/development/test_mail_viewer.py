"""`/dev/mail/`: the mail of a development site, read in the browser."""

from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.mail import EmailMultiAlternatives, get_connection, send_mail
from django.test import Client
from django.urls import reverse

from accounts.models import User
from development import mail_viewer

pytestmark = [pytest.mark.urls("tests.development.mail_viewer_urls"), pytest.mark.django_db]


@pytest.fixture(autouse=True)
def mail_dir(settings: LazySettings, tmp_path: Path) -> Path:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    return tmp_path / "mail"


def send(subject: str = "Hello", body: str = "Body", attachment_name: str = "posts.json") -> None:
    message = EmailMultiAlternatives(subject, body, "Microblog <a@example.com>", ["susan@example.com"])
    message.attach_alternative("<script>alert(1)</script>", "text/html")
    message.attach(attachment_name, '{"posts": []}', "application/json")
    message.send()


def newest() -> str:
    return mail_viewer.letters()[0].name


def test_before_any_mail_it_says_so(client: Client) -> None:
    assert "Nothing has been sent yet" in client.get("/dev/mail/").content.decode()


def test_it_lists_the_mails_newest_first(client: Client) -> None:
    with get_connection() as connection:  # one connection: one file
        for subject in ("First", "Second", "Third"):
            send_mail(subject, "Body", None, ["susan@example.com"], connection=connection)
    page = client.get("/dev/mail/").content.decode()
    assert page.index("Third") < page.index("Second") < page.index("First")


def test_it_shows_a_mail_with_headers_and_links_that_can_be_clicked(client: Client) -> None:
    send(body="See http://localhost:8000/confirm/abc/ please. ☃")
    page = client.get(f"/dev/mail/{newest()}/").content.decode()
    assert "susan@example.com" in page
    assert '<a href="http://localhost:8000/confirm/abc/"' in page
    assert "☃" in page
    assert "posts.json" in page


def test_it_shows_no_html_of_a_mail(client: Client) -> None:
    send(subject="<b>bold</b>", body="<script>alert(2)</script>")
    page = client.get(f"/dev/mail/{newest()}/").content.decode()
    assert "alert(1)" not in page
    assert "<script>alert" not in page
    assert "<b>bold" not in page


def test_a_body_with_a_separator_line_is_one_email() -> None:
    send(body=f"above\n{'-' * 79}\nbelow")
    [letter] = mail_viewer.letters()
    assert "below" in letter.text


def test_an_attachment_is_handed_out_as_a_file(client: Client) -> None:
    send()
    response = client.get(f"/dev/mail/{newest()}/0/")
    assert response.content == b'{"posts": []}'
    assert response.headers["Content-Disposition"] == 'attachment; filename="posts.json"'
    assert response.headers["Content-Type"] == "application/octet-stream"


def test_an_attachments_name_cannot_add_to_the_header(client: Client) -> None:
    send(attachment_name='a"; filename="b.html')
    disposition = client.get(f"/dev/mail/{newest()}/0/").headers["Content-Disposition"]
    assert disposition == r'attachment; filename="a\"; filename=\"b.html"'


@pytest.mark.parametrize("address", ["nothing/", "..%2Fsecret_key/", "nothing/0/", "{name}/1/"])
def test_a_missing_email_is_404(client: Client, address: str) -> None:
    send()
    assert client.get(f"/dev/mail/{address.format(name=newest())}").status_code == 404


def test_a_mail_that_is_still_being_written_is_not_shown(mail_dir: Path) -> None:
    send()
    [file] = mail_dir.iterdir()
    file.write_bytes(file.read_bytes()[:-90])
    assert mail_viewer.letters() == []


ENTRANCES = ["account_signup", "account_login", "account_reset_password", "account_reset_password_done"]
ENTRANCES += ["account_email_verification_sent"]


@pytest.mark.parametrize("name", ENTRANCES)
def test_pages_that_send_people_to_their_mail_say_where_it_is(client: Client, name: str) -> None:
    assert 'href="/dev/mail/"' in client.get(reverse(name)).content.decode()


def test_so_does_the_page_on_which_an_address_is_changed(client: Client, member: User) -> None:
    client.force_login(member)
    assert 'href="/dev/mail/"' in client.get(reverse("account_email"), follow=True).content.decode()


@pytest.mark.urls("microblog_project.urls")
def test_no_other_site_speaks_of_it(client: Client) -> None:
    assert "/dev/mail/" not in client.get(reverse("account_signup")).content.decode()


@pytest.mark.urls("microblog_project.urls")
def test_it_is_no_part_of_a_site_that_is_not_in_development(client: Client) -> None:
    assert client.get("/dev/mail/").status_code == 404


def test_the_html_part_stands_in_a_frame_that_may_do_nothing(client: Client) -> None:
    send()
    address = f"/dev/mail/{newest()}/html/"
    page = client.get(f"/dev/mail/{newest()}/").content.decode()
    assert f'src="{address}"' in page
    assert 'sandbox="allow-popups' in page
    response = client.get(address)
    assert response.content == b"<script>alert(1)</script>"
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups" in policy
    assert "script-src" not in policy
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert client.get("/dev/mail/nothing/html/").status_code == 404
