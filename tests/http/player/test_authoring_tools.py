"""What authoring tools export is imported, launched, and served file by file."""

from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from hub.bootstrap import Hub
from hub.identity import Principal
from hub.media_types import media_type
from hub.scorm.services.packages import Packages
from tests.http.player.conftest import open_player
from tests.support.authoring_tools import EXPORTS
from tests.support.imports import imported
from tests.support.playing import enrol


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_is_served_whole(hub: Hub, content_client: FlaskClient, system: Principal, name: str) -> None:
    export = EXPORTS[name]()
    assert imported(hub, system, export.archive, f"{name}.zip", name).state == "ready"
    version = hub.service(Packages).published(system, name)
    player = open_player(hub, content_client, system, enrol(hub, system, version.package.uuid).id)
    address = player.delivery["url"].partition("?")[0].split("//", 1)[1].partition("/")[2]
    assert address.endswith(export.launch)
    folder = "/" + address.removesuffix(export.launch)
    for path, data in export.files.items():
        answer = content_client.get(folder + quote(path))
        assert (answer.status_code, answer.data) == (200, data), path
        assert answer.headers["Content-Type"] == media_type(path)
        assert "Set-Cookie" not in answer.headers
