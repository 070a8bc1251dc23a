"""The settings of the site that is audited: those of production, and the two languages that a program makes."""

from development import pseudo_locale
from microblog_project.settings import *  # noqa: F403
from microblog_project.settings import LANGUAGES as REAL_LANGUAGES

PSEUDO_LOCALES = True
LANGUAGES = [*REAL_LANGUAGES, *pseudo_locale.LANGUAGES]
