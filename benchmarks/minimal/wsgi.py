"""The application for gunicorn; DJANGO_SETTINGS_MODULE says `benchmarks.minimal.settings`."""

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
