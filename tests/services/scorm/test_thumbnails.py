"""Pictures of packages: found in the content or chosen, drawn anew, and shown to whoever has their address."""

import io

import pytest
from flask.testing import FlaskClient
from PIL import Image

from hub.adapters.pillow_pictures import HEIGHT, WIDTH
from hub.bootstrap import Hub
from hub.errors import Invalid, NotFound, TooLarge
from hub.identity import Principal
from hub.scorm.services.packages import Packages
from hub.scorm.services.thumbnails import Thumbnails
from tests.support.imports import imported
from tests.support.packages import PAGE, manifest_1_2, package_of


def picture(colour: str, kind: str = "PNG", size: tuple[int, int] = (64, 64)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind)
    return out.getvalue()


def thumbnail_of(hub: Hub, principal: Principal, **files: bytes) -> str | None:
    """A package with these files besides its page; returns where its picture is."""
    named = {name.replace("_dot_", ".").replace("__", "/"): data for name, data in files.items()}
    data = package_of({"imsmanifest.xml": manifest_1_2(), "index.html": PAGE, **named})
    imported(hub, principal, data, package_id="p")
    return hub.service(Packages).get(principal, "p").thumbnail


def shown(client: FlaskClient, path: str | None) -> tuple[int, int, int]:
    """The colour in the middle of the picture at an address."""
    assert path is not None
    answer = client.get(path)
    assert (answer.status_code, answer.content_type) == (200, "image/jpeg")
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    with Image.open(io.BytesIO(answer.data), formats=["JPEG"]) as image:
        assert image.size == (WIDTH, HEIGHT)
        return tuple(round(value / 255) for value in image.getpixel((WIDTH // 2, HEIGHT // 2)))  # type: ignore[union-attr, return-value]


def test_the_picture_that_the_content_brings_along(hub: Hub, client: FlaskClient, system: Principal) -> None:
    path = thumbnail_of(
        hub,
        system,
        deep__cover_dot_jpg=picture("blue", "JPEG"),
        deep__thumbnail_dot_png=picture("red"),
        thumbnail_dot_txt=b"no picture",
        logo_dot_png=picture("green"),
    )
    assert shown(client, path) == (1, 0, 0)


def test_without_one_there_is_none(hub: Hub, system: Principal) -> None:
    assert thumbnail_of(hub, system, logo_dot_png=picture("green")) is None


@pytest.mark.parametrize(
    "data",
    [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG\r\n\x1a\nbroken", picture("red")[:-30],
     picture("red", size=(5000, 5000)), b"GIF89a"],
    ids=["svg", "broken", "cut", "large", "head"],
)  # fmt: skip
def test_what_cannot_be_read_stops_no_import(hub: Hub, system: Principal, data: bytes) -> None:
    assert thumbnail_of(hub, system, thumbnail_dot_png=data) is None
    assert hub.service(Packages).get(system, "p").published is not None
    with pytest.raises(Invalid):
        hub.service(Thumbnails).choose(system, "p", io.BytesIO(data))


def test_a_chosen_one_stays_until_it_is_removed(hub: Hub, client: FlaskClient, system: Principal) -> None:
    thumbnails, packages = hub.service(Thumbnails), hub.service(Packages)
    first = thumbnail_of(hub, system, thumbnail_dot_png=picture("red"))
    for kind, colour, expected in (("GIF", "blue", (0, 0, 1)), ("WEBP", "lime", (0, 1, 0))):
        thumbnails.choose(system, "p", io.BytesIO(picture(colour, kind, (640, 100))))
        assert shown(client, packages.get(system, "p").thumbnail) == expected
    assert client.get(str(first)).status_code == 404
    second = thumbnail_of(hub, system, thumbnail_dot_png=picture("white"), more_dot_txt=b"2")
    assert shown(client, second) == (0, 1, 0)
    thumbnails.remove(system, "p")
    assert packages.get(system, "p").thumbnail is None
    assert shown(client, thumbnail_of(hub, system, thumbnail_dot_png=picture("white"), more_dot_txt=b"3")) == (1, 1, 1)


def test_it_goes_with_its_package(hub: Hub, client: FlaskClient, system: Principal) -> None:
    path = thumbnail_of(hub, system, thumbnail_dot_png=picture("red"))
    hub.service(Packages).delete(system, "p")
    assert client.get(str(path)).status_code == 404
    with pytest.raises(NotFound):
        hub.service(Thumbnails).choose(system, "p", io.BytesIO(picture("red")))


def test_an_address_is_not_guessed(hub: Hub, client: FlaskClient, system: Principal) -> None:
    path = str(thumbnail_of(hub, system, thumbnail_dot_png=picture("red")))
    assert client.get(path).status_code == 200
    tenant, package, digest = path.removeprefix("/thumbnails/").split("/")
    for wrong in (f"{package}/{package}/{digest}", f"{tenant}/{tenant}/{digest}", f"{tenant}/{package}/{'0' * 32}.jpg"):
        assert client.get(f"/thumbnails/{wrong}").status_code == 404


def test_too_large_a_file_is_refused(hub: Hub, system: Principal) -> None:
    thumbnail_of(hub, system)
    with pytest.raises(TooLarge):
        hub.service(Thumbnails).choose(system, "p", io.BytesIO(b"x" * (5 * 1024 * 1024 + 1)))
    with pytest.raises(Invalid):
        hub.service(Thumbnails).choose(system, "p", io.BytesIO())


def test_tags_are_searched_too(hub: Hub, system: Principal) -> None:
    from hub.scorm.services.packages import Changes

    thumbnail_of(hub, system)
    hub.service(Packages).change(system, "p", Changes(tags=["yearly", "staff"]))
    assert [one.id for one in hub.service(Packages).page(system, "STAFF course")] == ["p"]
    assert hub.service(Packages).page(system, "pupils") == []
