"""Documents, pictures and videos made for tests: a small PDF, and an MP4 that browsers really play."""

import io
import struct

from PIL import Image


def picture(width: int, height: int, kind: str = "PNG") -> bytes:
    """A red picture."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(out, kind)
    return out.getvalue()


def pdf(pages: int = 3, *, encrypt: bool = False) -> bytes:
    """A PDF of so many pages, each with its number in words of the standard font."""
    objects: list[bytes] = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (en) >>",
        b"<< /Type /Pages /Count %d /Kids [%s] >>"
        % (pages, b" ".join(b"%d 0 R" % (4 + 2 * number) for number in range(pages))),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number in range(pages):
        text = b"BT /F1 48 Tf 72 700 Td (Page %d of the manual) Tj ET" % (number + 1)
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> /Annots [<< /Type /Annot /Subtype /Link /Rect [72 600 200 640] "
            b"/A << /S /URI /URI (https://example.org/more) >> >>] >>" % (5 + 2 * number)
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text))
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    protection = b"/Encrypt 99 0 R " if encrypt else b""
    out += b"trailer\n<< /Size %d /Root 1 0 R %s>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, protection, start)
    return bytes(out)


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box of ISO/IEC 14496-12."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


_WIDTH, _HEIGHT = 128, 96


class _Bits:
    """Fields of H.264 (ITU-T H.264 7.2, 9.1): fixed numbers of bits, and Exp-Golomb codes."""

    def __init__(self) -> None:
        self._text = ""

    def u(self, *fields: tuple[int, int]) -> "_Bits":
        """Values with their numbers of bits."""
        self._text += "".join(f"{value:0{bits}b}" for value, bits in fields)
        return self

    def ue(self, *values: int) -> "_Bits":
        """Exp-Golomb codes."""
        for value in values:
            code = f"{value + 1:b}"
            self._text += "0" * (len(code) - 1) + code
        return self

    def bytes(self, *, is_end: bool = True) -> bytes:
        """The bytes, filled up with zeros; at the end of a unit after its stop bit."""
        text = self._text + ("1" if is_end else "")
        text += "0" * (-len(text) % 8)
        return int(text, 2).to_bytes(len(text) // 8, "big")


#: Baseline, of pictures of 8 x 6 macroblocks, each picture complete in itself.
_SPS = b"\x67\x42\xc0\x0a" + _Bits().ue(0, 0, 2, 1).u((0, 1)).ue(7, 5).u((1, 1), (0, 1), (0, 1), (0, 1)).bytes()
_PPS = b"\x68" + _Bits().ue(0, 0).u((0, 2)).ue(0, 0, 0).u((0, 3)).ue(0, 0, 0).u((1, 1), (0, 2)).bytes()
#: A macroblock of plain samples (I_PCM, type 25).
_MACROBLOCK = _Bits().ue(25).bytes(is_end=False)


def mp4(seconds: int = 6, *, codec: bytes = b"avc1", index_first: bool = True) -> bytes:
    """A silent video of so many seconds, one picture a second, each of another brightness."""
    pictures = [_picture(number) for number in range(seconds)]
    head = box(b"ftyp", b"isom", struct.pack(">I", 512), b"isomavc1")
    index = _index(pictures, codec, 0)
    offset = len(head) + 8 + (len(index) if index_first else 0)
    data, index = box(b"mdat", *pictures), _index(pictures, codec, offset)
    return head + (index + data if index_first else data + index)


def _picture(number: int) -> bytes:
    header = _Bits().ue(0, 7, 0).u((0, 4)).ue(number % 2).u((0, 2)).ue(0, 1, 25).bytes(is_end=False)
    samples = bytes([number * 13 % 200 + 20]) * 256 + b"\x80" * 128
    rest = (_WIDTH // 16) * (_HEIGHT // 16) - 1
    body = b"\x65" + header + samples + (_MACROBLOCK + samples) * rest + b"\x80"
    return struct.pack(">I", len(body)) + body


def _index(pictures: list[bytes], codec: bytes, offset: int) -> bytes:
    length = len(pictures) * 1000
    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    avcc = box(b"avcC", b"\x01\x42\xc0\x0a\xff\xe1", struct.pack(">H", len(_SPS)), _SPS, b"\x01\x00\x04", _PPS)
    entry = box(
        codec,
        bytes(6) + b"\0\1" + bytes(16) + struct.pack(">HHII", _WIDTH, _HEIGHT, 0x480000, 0x480000) + bytes(4),
        b"\0\1" + bytes(32) + b"\0\x18\xff\xff",
        avcc,
    )
    table = box(
        b"stbl",
        box(b"stsd", struct.pack(">II", 0, 1), entry),
        box(b"stts", struct.pack(">IIII", 0, 1, len(pictures), 1000)),
        box(b"stsc", struct.pack(">IIIII", 0, 1, 1, len(pictures), 1)),
        box(b"stsz", struct.pack(">III", 0, 0, len(pictures)), *(struct.pack(">I", len(one)) for one in pictures)),
        box(b"stco", struct.pack(">III", 0, 1, offset)),
    )
    media = box(
        b"mdia",
        box(b"mdhd", struct.pack(">IIIIIHH", 0, 0, 0, 1000, length, 0x55C4, 0)),
        box(b"hdlr", bytes(8) + b"vide" + bytes(12) + b"video\0"),
        box(
            b"minf",
            box(b"vmhd", struct.pack(">IHHHH", 1, 0, 0, 0, 0)),
            box(b"dinf", box(b"dref", struct.pack(">II", 0, 1), box(b"url ", struct.pack(">I", 1)))),
            table,
        ),
    )
    track = box(
        b"trak",
        box(
            b"tkhd",
            struct.pack(">IIIIII", 3, 0, 0, 1, 0, length) + bytes(16) + matrix,
            struct.pack(">II", _WIDTH << 16, _HEIGHT << 16),
        ),
        media,
    )
    header = struct.pack(">IIIII", 0, 0, 0, 1000, length) + struct.pack(">IH", 0x10000, 0x100) + bytes(10) + matrix
    return box(b"moov", box(b"mvhd", header + bytes(24) + struct.pack(">I", 2)), track)
