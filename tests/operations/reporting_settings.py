"""The site's settings, with a page, a storage and a job that fail."""

from microblog_project.settings import *  # noqa: F403
from microblog_project.settings import INSTALLED_APPS, STORAGES

INSTALLED_APPS.append("tests.faults.odd_app.OddJobsConfig")
ROOT_URLCONF = "tests.security.broken_urls"
STORAGES["exports"]["BACKEND"] = "tests.operations.broken_storage.BrokenStorage"
