"""One lane for all short campaigns: they share a Kafka."""

from collections.abc import Iterator

import pytest

from tests.campaign.campaign import Lane


@pytest.fixture(scope="module")
def lane() -> Iterator[Lane]:
    """Runs of a campaign, one after another."""
    one = Lane()
    yield one
    one.stop()
