"""The demo: who is in it, and what they say."""
