"""The examples of the API reference are what this cloud answers."""

import json

import pytest

from tests import clouds, examples


@pytest.fixture
def cloud(tmp_path):
    made = clouds.Cloud(clouds.Single(), tmp_path)
    try:
        yield made.start()
    finally:
        made.stop()


def test_recorded_examples_have_the_fields_and_types_that_a_cloud_answers(cloud):
    recorded = json.loads(examples.FILE.read_text())
    for old, new in zip(recorded, examples.record(cloud), strict=True):
        name = f"{new['service']}: {new['route']}"
        assert (old["route"], old["status"]) == (new["route"], new["status"]), name
        assert examples.shape(old["answer"]) == examples.shape(new["answer"]), name
