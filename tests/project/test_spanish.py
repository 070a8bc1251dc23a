"""The Spanish translation: complete, true to its originals, and shown."""

import re
from pathlib import Path

import allauth
import django
import polib
import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from notifications.services import notify
from tests.marked_texts import calls_in_code, marked_texts

SPANISH = polib.pofile(str(Path(settings.BASE_DIR) / "locale" / "es" / "LC_MESSAGES" / "django.po"))
PLACEHOLDER = re.compile(r"%\(\w+\)[sdr]|%[sd]|\{\w+\}|<[^>]+>")


def texts_of(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) or [entry.msgstr]


def test_every_text_is_translated() -> None:
    assert [entry.msgid for entry in SPANISH if not all(texts_of(entry)) or entry.fuzzy] == []


def test_every_text_that_is_marked_is_in_the_catalogue_and_no_other() -> None:
    marked = marked_texts()
    known = {(entry.msgctxt or "", entry.msgid) for entry in SPANISH if not entry.obsolete}
    missing = [f"{place}: {text!r}" for (context, text), place in marked.items() if (context, text) not in known]
    assert not missing, "Not in the catalogue (run makemessages):\n" + "\n".join(missing)
    assert not (known - marked.keys()), "In the catalogue, but no longer on the site"
    assert not SPANISH.obsolete_entries()


def test_each_plural_has_its_three_forms() -> None:
    assert [entry.msgid for entry in SPANISH if entry.msgid_plural and len(entry.msgstr_plural) != 3] == []


def test_placeholders_survive() -> None:
    for entry in SPANISH:
        for text in texts_of(entry):
            assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(entry.msgid)), entry.msgid


def test_overridden_library_texts_still_exist_in_the_library() -> None:
    folders = [Path(library.__path__[0]) for library in (django, allauth)]
    catalogues = [polib.pofile(str(path)) for folder in folders for path in folder.glob("**/locale/es/*/django.po")]
    theirs = {entry.msgid for catalogue in catalogues for entry in catalogue}
    borrowed = calls_in_code((Path(settings.BASE_DIR) / "core" / "third_party_messages.py").read_text(encoding="utf-8"))
    assert {texts[0] for _, texts in borrowed} - theirs == set()


@pytest.mark.django_db
def test_a_form_speaks_to_its_reader_as_the_site_does(client: Client) -> None:
    data = {"username": "susan", "email": "susan", "password1": "1", "password2": "2"}
    page = client.post("/accounts/signup/", data, headers={"accept-language": "es"}).content.decode()
    assert "Escribe una dirección de correo válida." in page
    assert "Tu contraseña debe tener al menos 8 caracteres." in page
    assert not re.search(r"\b(su|sus|usted|introduzca)\b", page, re.IGNORECASE)


def test_a_page_speaks_the_browsers_language(member: User) -> None:
    task_id = "00000000-0000-0000-0000-000000000000"
    data = {"task_id": task_id, "name": "export_posts", "description": "", "status": "running", "progress": 5}
    notify(user_id=member.pk, name="task_progress", key=task_id, data={**data, "done": 20_000, "total": 400_000})
    client = Client(headers={"accept-language": "es-MX,es;q=0.9"})
    client.force_login(member)
    page = client.get("/explore/").content.decode().replace("\xa0", " ")
    assert '<html lang="es"' in page
    assert "20 000 de 400 000 publicaciones" in page
    assert "Cerrar sesión" in page
