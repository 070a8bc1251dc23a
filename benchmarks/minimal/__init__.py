"""The least that a poll in Django can be: session, authentication, and one query; no other middleware."""
