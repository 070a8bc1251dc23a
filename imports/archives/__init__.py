"""Uploaded files of any kind: ZIP, .tar.gz or a single file, read within bounds and never unpacked."""
