"""Backups: database and archives as of one moment, in a folder that is there whole or not at all; and the way back."""
