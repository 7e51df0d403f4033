"""Fixtures of the API tests: services in this process, over real databases."""

from tests.compute_service import cloud  # noqa: F401
