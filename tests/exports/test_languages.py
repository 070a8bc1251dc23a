"""What a worker writes for a member is in the member's language, and tells times in their zone."""

import zipfile
from collections.abc import Callable

import pytest
from django.conf import LazySettings
from django.core.mail import EmailMultiAlternatives
from django.test import Client

from accounts.models import User
from exports.models import Archive, Task
from exports.services.attempts import attempt_died, attempt_timed_out
from exports.services.launching import task_launch
from exports.services.transitions import task_claim
from notifications.models import Notification
from tests.members import make_member

Work = Callable[[], None]


@pytest.fixture
def maria(susan: User) -> User:
    User.objects.filter(pk=susan.pk).update(language="es", time_zone="Asia/Tokyo")
    susan.refresh_from_db()
    return susan


def told(user: User) -> str:
    """Return the words that the member's alert holds."""
    data = Notification.objects.get(user=user, name="task_progress").data
    return f"{data['description']} {data['error']}"


def test_the_mail_is_in_the_members_language_and_zone(
    maria: User, work: Work, mailoutbox: list[EmailMultiAlternatives]
) -> None:
    task_launch(user=maria, name="export_posts")
    work()
    [mail] = mailoutbox
    assert mail.subject == "[Microblog] Tus publicaciones"
    for body in (str(mail.body), str(mail.alternatives[0][0])):
        assert "Hola, susan:" in body
        assert " JST" in body
    assert told(maria).startswith("Exportación de publicaciones")


def test_the_pages_in_an_archive_are_in_the_members_language_and_in_utc(maria: User, work: Work) -> None:
    task_launch(user=maria, name="export_archive")
    work()
    with Archive.objects.get(user=maria).file.open() as file:
        index = zipfile.ZipFile(file).read("index.html").decode()
    assert '<html lang="es"' in index
    assert "JST" not in index


@pytest.mark.parametrize(
    ("end", "words"), [(attempt_died, "se ha interrumpido 1 vez"), (attempt_timed_out, "Ha tardado más")]
)
def test_reasons_are_in_the_members_language(
    maria: User, settings: LazySettings, end: Callable[..., Task], words: str
) -> None:
    settings.EXPORT_MAX_ATTEMPTS = 1
    task = Task.objects.create(user=maria, name="export_posts")
    claimed = task_claim(task_id=str(task.pk), worker="w")
    assert claimed
    assert words in end(Task.objects.all(), claimed).error
    assert words in told(maria)


@pytest.mark.usefixtures("unreachable_queue")
def test_an_unreachable_queue_is_told_in_the_members_language(maria: User) -> None:
    task_launch(user=maria, name="export_posts", by_staff=True)
    assert "El servicio de exportación no está disponible" in told(maria)


def test_staff_speak_to_a_member_in_their_language(maria: User, client: Client) -> None:
    client.force_login(make_member("staff", is_staff=True, is_superuser=True))
    task = Task.objects.create(user=maria, name="export_posts")
    client.post("/admin/exports/task/", {"action": "fail", "_selected_action": [str(task.pk)], "post": "yes"})
    assert "Nuestro equipo ha detenido" in told(maria)
