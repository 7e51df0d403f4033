"""Alembic migrations: one a change, named for it, expand first and contract a release later.

``HEAD`` is the newest revision's id, said here so that a start on an up-to-date database need not load Alembic; a test
compares it with the files.
"""

HEAD = "0122"
