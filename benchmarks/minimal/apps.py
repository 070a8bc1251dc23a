"""The site's members, as the minimal view needs them: their models, without what listens to sign-ins."""

from django.apps import AppConfig


class MembersConfig(AppConfig):
    """The app `accounts`, without allauth."""

    name = "accounts"
