"""Translations are compiled when they are new or have changed."""

import gettext
import os
from pathlib import Path

from django.conf import LazySettings
from django.core.management import call_command

from core.translations import compile_messages

CATALOGUE = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "Yes"\nmsgstr "{word}"\n'


def write(locale: Path, word: str) -> Path:
    source = locale / "es" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(CATALOGUE.format(word=word), encoding="utf-8")
    return source


def translated(source: Path) -> str:
    with source.with_suffix(".mo").open("rb") as file:
        return gettext.GNUTranslations(file).gettext("Yes")


def test_a_new_catalogue_is_compiled_once(tmp_path: Path) -> None:
    source = write(tmp_path, "Sí")
    assert compile_messages(tmp_path) == 1
    assert translated(source) == "Sí"
    assert compile_messages(tmp_path) == 0


def test_a_changed_catalogue_is_compiled_again(tmp_path: Path) -> None:
    write(tmp_path, "Sí")
    compile_messages(tmp_path)
    source = write(tmp_path, "Claro")
    later = source.with_suffix(".mo").stat().st_mtime + 5
    os.utime(source, (later, later))
    assert compile_messages(tmp_path) == 1
    assert translated(source) == "Claro"


def test_without_translations_nothing_happens(tmp_path: Path) -> None:
    assert compile_messages(tmp_path / "none") == 0


def test_the_command_compiles_what_the_settings_name(tmp_path: Path, settings: LazySettings) -> None:
    source = write(tmp_path, "Sí")
    settings.LOCALE_PATHS = [tmp_path]
    call_command("compile_translations")
    assert translated(source) == "Sí"
