"""A worker writes texts in the member's language and times in their zone."""

import zipfile
from collections.abc import Callable

import pytest
from django.conf import LazySettings
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django.utils import translation

from accounts.models import User
from exports.models import Archive
from notifications.models import Notification
from tasks.models import Task
from tasks.models.failure import Failure, FailureCode
from tasks.registry import failure_text_of
from tasks.services.attempts import attempt_timed_out, attempt_worker_lost
from tasks.services.launch import task_launch
from tasks.services.payloads import localized_payload
from tasks.services.transitions import task_claim, task_fail
from tests.members import PASSWORD, make_member

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
    ("end", "words"),
    [(attempt_worker_lost, "Se ha interrumpido 1 vez"), (attempt_timed_out, "Se ha detenido porque ha superado")],
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
    assert "La cola de trabajos no está disponible" in told(maria)


def test_staff_speak_to_a_member_in_their_language(maria: User, client: Client) -> None:
    client.force_login(make_member("staff", is_staff=True, is_superuser=True))
    task = Task.objects.create(user=maria, name="export_posts")
    client.post("/admin/tasks/task/", {"action": "fail", "_selected_action": [str(task.pk)], "post": "yes"})
    assert "Nuestro equipo lo ha detenido" in told(maria)


# --- Read in another language than it was written in ----------------------------------------------------

SPANISH = {"accept-language": "es"}
FAILURES = {
    FailureCode.ERRORED: "Algo ha fallado por nuestra parte.",
    FailureCode.INTERRUPTED: "Se ha interrumpido 3 veces",
    FailureCode.TIMED_OUT: "Se ha detenido porque ha superado",
    FailureCode.NO_SPACE: "no hay espacio suficiente",
    FailureCode.QUEUE_UNAVAILABLE: "La cola de trabajos no está disponible",
    FailureCode.NO_LONGER_OFFERED: "ya no está disponible",
    FailureCode.STOPPED_BY_STAFF: "Nuestro equipo lo ha detenido",
}
PARAMS = {FailureCode.INTERRUPTED: {"count": 3}, FailureCode.TIMED_OUT: {"minutes": 60}}


def failed_task(user: User, code: FailureCode) -> Task:
    """Return a task that failed while everything spoke English."""
    task = Task.objects.create(user=user, name="export_posts", description="Exporting posts...")
    failed = task_fail(Task.objects.filter(pk=task.pk), task, failure=Failure(code, PARAMS.get(code, {})))
    assert failed
    return failed


def pages_of(user: User) -> dict[str, str]:
    """Return what a browser that asks for Spanish gets to read: a page, the list, and the poll."""
    client = Client(headers=SPANISH)
    client.force_login(user)
    pages = {address: client.get(address).content.decode() for address in ("/", "/exports/")}
    [news] = client.get("/notifications/").json()
    return pages | {"poll": f"{news['data']['description']} {news['data']['error']}"}


@pytest.mark.parametrize("code", FailureCode)
def test_a_reason_is_in_the_readers_language(susan: User, code: FailureCode) -> None:
    failed_task(susan, code)
    for place, text in pages_of(susan).items():
        assert FAILURES[code] in text, place


def test_an_alert_is_in_the_readers_language(susan: User) -> None:
    with translation.override("en"):
        task_launch(user=susan, name="export_archive")
    assert "Exportación de tu archivo" in pages_of(susan)["/"]
    assert "Exportación de tu archivo" in pages_of(susan)["poll"]


def test_staff_read_a_reason_in_their_own_language(maria: User) -> None:
    task = failed_task(maria, FailureCode.TIMED_OUT)
    assert task.error.startswith("Se ha detenido")
    client = Client()
    client.force_login(make_member("staff", is_staff=True, is_superuser=True))
    page = client.get(f"/admin/tasks/task/{task.pk}/change/").content.decode()
    assert "it took longer than the limit of 60 minutes" in page
    assert "Se ha detenido" not in page


def test_rows_of_earlier_releases_and_codes_of_later_ones_show_their_text(susan: User) -> None:
    for code in ("", "met_a_dragon"):
        task = Task.objects.create(
            user=susan, name=f"n{code}", description="Doing", status="failed", error="Old words."
        )
        Task.objects.filter(pk=task.pk).update(error_code=code)
        assert failure_text_of(Task.objects.get(pk=task.pk)) == "Old words."
    old = {"task_id": "1", "name": "gone", "status": "failed", "description": "Doing", "error": "Old words."}
    assert old.items() <= localized_payload(old).items()


# --- Mail to members who chose no language --------------------------------------------------------------


def test_the_mail_is_in_the_language_in_which_the_member_asked_for_the_export(
    susan: User, work: Work, mailoutbox: list[EmailMultiAlternatives]
) -> None:
    client = Client(headers=SPANISH)
    client.force_login(susan)
    client.post("/exports/")
    work()
    assert mailoutbox[0].subject == "[Microblog] Tus publicaciones"


def test_the_language_that_the_member_chose_goes_before_that_of_their_browser(
    maria: User, work: Work, mailoutbox: list[EmailMultiAlternatives]
) -> None:
    client = Client(headers={"accept-language": "en"})
    client.force_login(maria)
    client.post("/exports/")
    work()
    assert mailoutbox[0].subject == "[Microblog] Tus publicaciones"


def test_staff_who_retry_an_export_do_not_change_its_language(
    susan: User, work: Work, mailoutbox: list[EmailMultiAlternatives]
) -> None:
    failed = failed_task(susan, FailureCode.ERRORED)
    Task.objects.filter(pk=failed.pk).update(language="es")
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_member("staff", is_staff=True, is_superuser=True))
    client.post("/admin/tasks/task/", {"action": "retry", "_selected_action": [str(failed.pk)], "post": "yes"})
    work()
    assert mailoutbox[0].subject == "[Microblog] Tus publicaciones"


def test_an_export_that_staff_ask_for_is_in_the_language_of_the_members_last_sign_in(
    susan: User, work: Work, mailoutbox: list[EmailMultiAlternatives]
) -> None:
    Client(headers=SPANISH).post("/accounts/login/", {"login": susan.username, "password": PASSWORD})
    task_launch(user=User.objects.get(pk=susan.pk), name="export_posts")
    work()
    assert mailoutbox[0].subject == "[Microblog] Tus publicaciones"
