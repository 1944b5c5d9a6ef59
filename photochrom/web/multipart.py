"""Parsing of multipart forms, more tolerant than Starlette's parser.

Starlette follows RFC 7578 to the letter. Common programs send file names in older ways, and some
send text before the first part.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import quote
from typing import Final

from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

__all__ = ["TolerantParser"]

_CHARSET_FIELD: Final = "_charset_"  # RFC 7578, section 4.6
_MAX_PREAMBLE: Final = 16_384  # bytes before the first boundary
# As `email` returns a parameter: text, or charset, language and the bytes as Latin-1 text
_Parameter = str | tuple[str | None, str | None, str]


class TolerantParser(MultiPartParser):
    """A parser of forms that also accepts a preamble, and file names in other encodings.

    A file name may be in UTF-8, in the encoding that a field `_charset_` names, or in Windows-1252.
    It may also be an extended parameter `filename*` (RFC 8187), or encoded words (RFC 2047).
    """

    def __init__(
        self,
        headers: Headers,
        stream: AsyncGenerator[bytes, None],
        *,
        max_files: int,
        max_fields: int,
        max_part_size: int,
    ) -> None:
        """Prepare to parse.

        Args:
            headers: Headers of the request; the charset of its Content-Type is ignored.
            stream: Chunks of the body.
            max_files: Most files in the form.
            max_fields: Most other fields in the form.
            max_part_size: Largest field that is not a file, in bytes.
        """
        self._encoding = "utf-8"
        self._header_name = self._header_value = b""
        boundary = parse_options_header(headers.get("content-type"))[1].get(b"boundary")
        if boundary is not None:
            stream = _from_boundary(stream, boundary)
            content_type = b'multipart/form-data; boundary="' + boundary + b'"'
            headers = Headers(raw=[(b"content-type", content_type)])
        super().__init__(
            headers, stream, max_files=max_files, max_fields=max_fields, max_part_size=max_part_size
        )

    async def parse(self) -> FormData:
        """Parse the whole form.

        Raises:
            MultiPartException: the body is no valid form, or exceeds a limit.
        """
        form = await super().parse()
        fields = [(name, value) for name, value in form.multi_items() if name != _CHARSET_FIELD]
        return FormData(fields)

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]
        super().on_header_field(data, start, end)

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]  # passed on in `on_header_end`, when it is complete

    def on_header_end(self) -> None:
        value = self._header_value
        if self._header_name.lower() == b"content-disposition":
            value = _with_plain_name(value, self._encoding)
        super().on_header_value(value, 0, len(value))
        super().on_header_end()
        self._header_name = self._header_value = b""

    def on_part_end(self) -> None:
        super().on_part_end()
        name, value = self.items[-1]
        if name == _CHARSET_FIELD and not isinstance(value, UploadFile):
            self._encoding = value


async def _from_boundary(
    stream: AsyncGenerator[bytes, None], boundary: bytes
) -> AsyncGenerator[bytes, None]:
    """Yield the chunks of `stream` from the first boundary on.

    Raises:
        MultiPartException: there is no boundary within the first kilobytes.
    """
    start = re.compile(
        rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(?:[ \t]{0,16}(?=\r\n)|(?=--))"
    )
    longest = len(boundary) + 24  # of a match with what follows it
    head, found = b"", None
    async for chunk in stream:
        searched = len(head)
        head += chunk
        # Only the new end is searched: otherwise many small chunks would take seconds
        found = start.search(head, max(0, searched - longest))
        if found or len(head) > _MAX_PREAMBLE:
            break
    if found is None:
        raise MultiPartException(
            f"expected the boundary of the form within its first {_MAX_PREAMBLE:,} bytes"
        )
    yield b"--" + boundary + head[found.end() :]
    async for chunk in stream:
        yield chunk


def _with_plain_name(disposition: bytes, encoding: str) -> bytes:
    """Return the header of a part with its file name as plain UTF-8.

    Args:
        disposition: Value of Content-Disposition; returned as it is if the part is no file.
        encoding: Encoding of names that do not state their own.
    """
    message = Message()
    message["content-disposition"] = disposition.decode("latin-1")
    # A list of pairs; the extended form of a parameter comes last, and is the one that counts
    parameters = dict(message.get_params([], "content-disposition"))
    if "filename" not in parameters:
        return disposition
    name = _decoded(parameters.get("name", ""), encoding)
    filename = _decoded(parameters["filename"], encoding)
    # Quotes and paths would need escapes, and `safe_name` drops both anyway
    last = filename.replace("\\", "/").rpartition("/")[2].replace('"', "_")
    return f'form-data; name="{quote(name)}"; filename="{last}"'.encode("utf-8", "replace")


def _decoded(parameter: _Parameter, encoding: str) -> str:
    if isinstance(parameter, tuple):
        charset, _, text = parameter
        return _text(text.encode("latin-1", "replace"), charset or encoding)
    text = _text(parameter.encode("latin-1", "replace"), encoding)
    try:
        return str(make_header(decode_header(text))) if "=?" in text else text
    except (HeaderParseError, LookupError, ValueError):
        return text


def _text(data: bytes, encoding: str) -> str:
    """Decode a name; fall back on what browsers and programs on Windows send."""
    for candidate in (encoding, "utf-8", "cp1252"):
        try:
            return data.decode(candidate)
        except (LookupError, ValueError):
            continue
    return data.decode("latin-1")
