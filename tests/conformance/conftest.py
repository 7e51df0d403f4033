"""Fixtures of the conformance tests."""

from tests.compute_service import cloud  # noqa: F401
