"""The languages of the site, for the choice at the foot of each page."""

from django import template

from accounts.preferences import language_names

register = template.Library()
register.simple_tag(language_names)
