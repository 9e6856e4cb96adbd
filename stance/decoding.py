"""Bytes → text, or the reason why they are none."""

from __future__ import annotations

import codecs
import re
from typing import Final

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MAGIC: Final = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\xd0\xcf\x11\xe0", "an office document"),
    (b"{\\rtf", "an RTF document"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"\x7fELF", "a program"),
    (b"\x1f\x8b", "gzip data"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ", "xz data"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3", "an SQLite database"),
)
_CONTROLS: Final = bytes({*range(32), 127} - set(b"\t\n\v\f\r\x1b"))
_MOST_CONTROLS: Final = 0.02

_DECLARED: Final = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""")
_HEAD: Final = 4096  # where a page may declare its character set


def binary_kind(head: bytes) -> str | None:
    """What the first bytes of a file show it to be, if it is no text."""
    if any(head.startswith(mark) for mark, _ in _MARKS):
        return None
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return "binary data" if controls > _MOST_CONTROLS * len(head) else None


def decode(raw: bytes, *, is_html: bool = False) -> tuple[str, str | None]:
    """The text that bytes are, and the character set where it had to be guessed.

    Tried in turn: the byte order mark, UTF-8, what an HTML page declares, and Windows-1252
    where every byte of it is one that Western prose uses. Raises ``ValueError`` with a
    one-line reason for anything else: half-read text would be scored as if it were whole.
    """
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return _decoded(raw, encoding), None
    try:
        return raw.decode("utf-8"), None
    except UnicodeDecodeError as error:
        problem = f"not valid UTF-8: byte 0x{raw[error.start]:02x} at position {error.start}"
    declared = _DECLARED.search(raw[:_HEAD]) if is_html else None
    if declared is not None and _is_other_charset(declared[1].decode()):
        return _decoded(raw, declared[1].decode()), None
    if _is_western_prose(raw):
        return raw.decode("cp1252"), "Windows-1252"
    raise ValueError(problem)


def _decoded(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(f"not valid {encoding}: {error.reason}") from error


def _is_other_charset(name: str) -> bool:
    """Whether Python knows a character set that is not UTF-8 under this name."""
    try:
        codec = codecs.lookup(name)
    except LookupError:
        return False
    # the other codecs (base64, zip) turn bytes into bytes
    return codec._is_text_encoding and not codec.name.startswith("utf-8")


# Bytes of Windows-1252 that Western prose uses: quotation marks, dashes, signs, letters.
_PROSE_SIGN: Final = (
    rb"\x80\x84\x85\x8b\x91-\x97\x99\x9b\xa0-\xa3\xa5\xa7\xa9-\xab\xad\xae\xb0-\xb4\xb7\xba-\xbf"
)
_PROSE_LETTER: Final = (
    rb"\x8a\x8c\x8e\x9a\x9c\x9e\x9f\xc0-\xcf\xd1-\xd6\xd8-\xdd\xdf-\xef\xf1-\xf6\xf8-\xfd"
)
_NOT_PROSE: Final = re.compile(rb"[^\x00-\x7f" + _PROSE_SIGN + _PROSE_LETTER + rb"]")
_LONE_LETTER: Final = re.compile(
    rb"(?<![A-Za-z])[" + _PROSE_LETTER + rb"]+(?![A-Za-z])|[" + _PROSE_LETTER + rb"]{3}"
)
_UTF8_SEQUENCE: Final = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_MOST_HIGH_BYTES: Final = 0.1


def _is_western_prose(raw: bytes) -> bool:
    """Whether bytes that are not UTF-8 read as prose in Windows-1252, and not as damaged UTF-8."""
    high = len(raw) - len(raw.decode("ascii", "ignore"))
    if high > _MOST_HIGH_BYTES * len(raw):
        return False
    return not any(pattern.search(raw) for pattern in (_NOT_PROSE, _LONE_LETTER, _UTF8_SEQUENCE))
