"""The site's settings, with a page and a storage that fail."""

from microblog_project.settings import *  # noqa: F403
from microblog_project.settings import STORAGES

ROOT_URLCONF = "tests.security.broken_urls"
STORAGES["exports"]["BACKEND"] = "tests.project.broken_storage.BrokenStorage"
