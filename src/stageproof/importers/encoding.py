"""The encoding of a file, and its text as UTF-8 in pieces."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from types import TracebackType

from charset_normalizer import from_bytes

from stageproof.engine.problem import Problem, Refused

WESTERN, JAPANESE = "cp1252", "cp932"
NAMES = {
    WESTERN: "Windows-1252", "cp1250": "Windows-1250", "cp1251": "Windows-1251", "cp1253": "Windows-1253",
    "cp1254": "Windows-1254", "cp1255": "Windows-1255", "cp1256": "Windows-1256", "cp1257": "Windows-1257",
    JAPANESE: "Shift-JIS", "gb18030": "GB18030", "big5": "Big5", "cp949": "EUC-KR",
}  # fmt: skip
"""The encodings that nothing in a file names, as people call them."""

LETTERS = {
    WESTERN: "Western European", "cp1250": "Polish, Czech, Hungarian", "cp1251": "Cyrillic", "cp1253": "Greek",
    "cp1254": "Turkish", "cp1255": "Hebrew", "cp1256": "Arabic", "cp1257": "Baltic", JAPANESE: "Japanese",
    "gb18030": "Chinese, simplified", "big5": "Chinese, traditional", "cp949": "Korean",
}  # fmt: skip
"""What each is for."""

_WRITTEN_IN = {
    "cp1250": {"Polish", "Czech", "Slovak", "Hungarian", "Slovene", "Croatian", "Romanian"},
    "cp1251": {"Russian", "Ukrainian", "Bulgarian", "Serbian", "Macedonian", "Belarusian"},
    "cp1253": {"Greek"},
    "cp1254": {"Turkish"},
    "cp1255": {"Hebrew"},
}
_ENOUGH = 20_000
_WORD = re.compile(rb"[^\s,;|:.()\"'/-]+")

HEAD = 1024**2
"""Bytes looked at before a file is read."""
TEXT_PADDING = b" \t\r\n\v\f" + codecs.BOM_UTF8 + codecs.BOM_UTF16_LE
"""Bytes that alone make no text."""

_MAGIC = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "a GZIP archive"),
    (b"BZh", "a BZIP2 archive"),
    (b"\xfd7zXZ\x00", "an XZ archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls) or one with a password"),
    (b"\x7fELF", "a program"),
    (b"{\\rtf", "a rich-text document"),
    (b"\xff\xfe\x00\x00", "a text in UTF-32"),
    (b"\x00\x00\xfe\xff", "a text in UTF-32"),
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_FEW = 4
_MOSTLY = 0.8
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\v\x1a\x1b"))


def binary_kind(head: bytes) -> str:
    """What the file is if not a text, in words; blank for a text."""
    for magic, says in _MAGIC:
        if head.startswith(magic):
            return says
    # A sheet saved by a broken program may hold a stray control character; many make no sheet.
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if _wide(head) is None and controls > max(_FEW, len(head) / 50):
        return "a binary file"
    return ""


def encoding_named(name: str) -> str:
    """The encoding that people call so, as windows-1250 or Shift-JIS; refused where there is none."""
    try:
        found = codecs.lookup(name.strip())
        plain = found.encode("a,1\n")[0] == b"a,1\n" and found.decode(b"a,1\n")[0] == "a,1\n"
    except (LookupError, TypeError, ValueError):
        plain = False
    if plain:
        return {"cp1252": WESTERN, "shift_jis": JAPANESE}.get(found.name, found.name)
    says = f"'{name[:40]}' is no encoding of texts that is known here."
    remedy = f"Use one such as {', '.join(NAMES.values())}."
    raise Refused([Problem("unknown_encoding", says, remedy, value=name[:40])])


def detect(head: bytes, said: str | None = None) -> tuple[str, int]:
    """The encoding, by the evidence of the first bytes, and the length of the byte order mark.

    `said` is what it is where the bytes are neither UTF-8 nor UTF-16.
    """
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return encoding, len(bom)
    wide = _wide(head)
    if wide is not None:
        return wide, 0
    return _narrow(head, said), 0


def _wide(head: bytes) -> str | None:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16-le" if head.startswith(codecs.BOM_UTF16_LE) else "utf-16-be"
    even, odd = head[0::2], head[1::2]
    if not odd:
        return None
    # Western text in UTF-16 has a NUL in nearly every other byte, and nearly none in the rest.
    high, low = odd.count(0) / len(odd), even.count(0) / len(even)
    if high > 0.4 and low < 0.05:
        return "utf-16-le"
    if low > 0.4 and high < 0.05:
        return "utf-16-be"
    return None


def _narrow(head: bytes, said: str | None) -> str:
    try:
        # The last character may be cut in two by the end of the head.
        codecs.getincrementaldecoder("utf-8")().decode(head)
        return "utf-8"
    except UnicodeDecodeError:
        pass
    if said is not None:
        return said
    foreign = [line for line in head.split(b"\n") if not line.isascii()]
    # One true UTF-8 line among others means a UTF-8 file with lines pasted from elsewhere.
    if any(_is_utf8(line) for line in foreign[:-1]):
        return "utf-8"
    return JAPANESE if _is_japanese(head) else _page(head)


def _page(head: bytes) -> str:
    """The Windows code page: Western, unless these can be no Western words, and are some in a language of another."""
    words, size = [], 0
    for word in _WORD.findall(head):
        if not word.isascii():
            words.append(word)
            if (size := size + len(word)) > _ENOUGH:
                break
    found = from_bytes(b" ".join(words), cp_isolation=[WESTERN, *_WRITTEN_IN])
    best = found.best()
    if best is None or any(WESTERN in each.could_be_from_charset for each in found):
        return WESTERN
    # A handful of words has no language yet: what is named for it is no more than the usual one of the page.
    known = best.coherence > 0 and best.language in _WRITTEN_IN.get(best.encoding, ())
    return best.encoding if known else WESTERN


def _is_japanese(head: bytes) -> bool:
    """Whether the bytes are Shift-JIS throughout and hold kana, which Western text read so does not."""
    try:
        text = codecs.getincrementaldecoder("cp932")().decode(head)
    except UnicodeDecodeError:
        return False
    foreign = [letter for letter in text if not letter.isascii()]
    kana = sum("\u3041" <= letter <= "\u30fe" for letter in foreign)
    wide = sum(letter >= "\u3000" and not "\uff61" <= letter <= "\uff9f" for letter in foreign)
    return kana > 0 and wide > _MOSTLY * len(foreign)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
        return True
    except UnicodeDecodeError:
        return False


class Utf8Text:
    """A text file read forward as UTF-8 with line feeds, whatever it was written in.

    Bytes of a UTF-8 file pass unchecked. In the other encodings what cannot be decoded becomes U+FFFD.
    """

    def __init__(self, path: Path, encoding: str, *, skip: int, old_mac: bool) -> None:
        self.encoding = encoding
        self._old_mac = old_mac
        self._decoder = None if encoding == "utf-8" else codecs.getincrementaldecoder(encoding)("replace")
        self._file = path.open("rb")
        self._file.seek(skip)
        self.taken = skip

    def __enter__(self) -> Utf8Text:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def read(self, size: int) -> bytes:
        """About `size` bytes more; empty only at the end."""
        piece = self._file.read(size)
        self.taken += len(piece)
        if self._decoder is not None:
            piece = self._decoder.decode(piece, not piece).encode("utf-8", "replace")
        return piece.replace(b"\r", b"\n") if self._old_mac else piece


def is_old_mac(head: bytes, encoding: str) -> bool:
    """Whether lines end in a bare carriage return throughout."""
    text = head.replace(b"\0", b"") if encoding.startswith("utf-16") else head
    return b"\r" in text and b"\n" not in text
