"""Fixtures of the API tests: services in this process, over real databases."""

from tests.compute_service import cloud  # noqa: F401
from tests.identity_service import first_users  # noqa: F401
from tests.transactions import one_transaction_each  # noqa: F401
