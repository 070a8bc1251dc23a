"""Search over posts and members, by words."""
