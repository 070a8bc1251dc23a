"""What members do with their exports."""

from exports.views.actions import delete, mail
from exports.views.downloads import download
from exports.views.overview import index

__all__ = ["delete", "download", "index", "mail"]
