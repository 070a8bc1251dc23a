"""What producers of notifications can listen to."""

from django.dispatch import Signal

quiet_poll = Signal()
"""Sent with `user` when a member polled and has had no news for a while: is what they were told still true?"""
