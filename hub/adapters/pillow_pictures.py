"""Pictures, by Pillow. What comes out is new: nothing of the bytes that came in is kept but what they look like."""

import io

from PIL import Image, ImageOps

from hub.errors import Invalid, say

#: 16:9, twice the size that lists show, for dense screens.
WIDTH, HEIGHT = 320, 180
#: The largest that a logo is shown, for dense screens.
LOGO_SIZE = (480, 160)
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
#: A decoded picture takes three or four bytes for each; a small file can promise any number of them.
_MOST_PIXELS = 12_000_000
_QUALITY = 80


class PillowPictures:
    """`hub.ports.Pictures`."""

    def thumbnail(self, data: bytes) -> bytes:
        try:
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                return _drawn(image)
        except Invalid:
            raise
        except Exception as error:  # Decoders fail in many ways on what is damaged.
            raise Invalid("This is no PNG, JPEG, GIF or WebP picture that can be read.", code="bad_picture") from error

    def logo(self, data: bytes) -> bytes:
        try:
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
                _refuse_huge(image)
                upright = ImageOps.exif_transpose(image).convert("RGBA")
                upright.thumbnail(LOGO_SIZE, Image.Resampling.LANCZOS)
                out = io.BytesIO()
                upright.save(out, "PNG", optimize=True)
                return out.getvalue()
        except Invalid:
            raise
        except Exception as error:  # Decoders fail in many ways on what is damaged.
            raise Invalid("This is no PNG, JPEG or SVG that can be read.", code="bad_logo") from error


def _refuse_huge(image: Image.Image) -> None:
    if image.width * image.height > _MOST_PIXELS:
        raise Invalid(
            say(
                "The picture has %(width)s x %(height)s pixels, more than the %(most)s million that are read.",
                width=image.width,
                height=image.height,
                most=_MOST_PIXELS // 10**6,
            ),
            code="picture_too_large",
        )


def _drawn(image: Image.Image) -> bytes:
    _refuse_huge(image)
    image.draft("RGB", (WIDTH, HEIGHT))  # A large JPEG is decoded small.
    upright = ImageOps.exif_transpose(image).convert("RGBA")
    small = ImageOps.fit(upright, (WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    ground = Image.new("RGB", small.size, "white")
    ground.paste(small, mask=small.getchannel("A"))
    out = io.BytesIO()
    ground.save(out, "JPEG", quality=_QUALITY, optimize=True)
    return out.getvalue()
