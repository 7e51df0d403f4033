"""The image API's own tests, on MariaDB and PostgreSQL."""

import pytest
import sqlalchemy as sa

from nova_lite.conf import CONF
from nova_lite.db import models, session
from nova_lite.db.models.images import Image, ImageLabel, ImageMember
from tests.api import test_image_api as api
from tests.api import test_image_data as data
from tests.image_service import Service

globals().update({name: value for module in (data, api) for name, value in vars(module).items()
                  if name.startswith("test_") or name == "many"})


@pytest.fixture(scope="module", params=["mariadb", "postgresql"])
def database(request, new_database):
    url = new_database(request.param)
    engine = session.make_engine(url)
    models.Base.metadata.create_all(engine)
    engine.dispose()
    return str(url)


@pytest.fixture
def service(database, tmp_path):
    CONF([], project="nova_lite", default_config_files=[], default_config_dirs=[])
    overrides = ((None, "state_dir", str(tmp_path)), ("image", "reserved_mb", 0), ("database", "connection", database))
    for group, name, value in overrides:
        CONF.set_override(name, value, group)
    session.dispose()
    with session.writer() as s:
        for table in (ImageLabel, ImageMember, Image):
            s.execute(sa.delete(table))
    yield Service()
    session.dispose()
    for group, name, _ in overrides:
        CONF.clear_override(name, group)
