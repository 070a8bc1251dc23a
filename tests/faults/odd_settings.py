"""The site's settings, with jobs that the site does not have."""

from microblog_project.settings import *  # noqa: F403
from microblog_project.settings import INSTALLED_APPS

INSTALLED_APPS.append("tests.faults.odd_app.OddJobsConfig")
