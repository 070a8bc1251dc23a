"""The site's settings, with a slow storage."""

from microblog_project.settings import *  # noqa: F403
from microblog_project.settings import STORAGES

STORAGES["exports"]["BACKEND"] = "tests.faults.slow_storage.SlowStorage"
