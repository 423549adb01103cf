"""JSON bodies, read strictly: no unknown fields, no `"5"` for 5, and a sentence that names the field at fault.

Litestar would coerce (backend-spec 7.1 items 4 and 10), so this looks first. A number without a fraction is an
integer however it is written (`121.0`). Of a name that stands twice the last one counts, as in JavaScript.
"""

import math
import re
from typing import Any, ClassVar

import msgspec
from litestar import Request
from litestar.exceptions import InternalServerException

from fastclip.api.refusals import Disconnected
from fastclip.errors import InvalidRequest, UnsupportedContentType


class Ask(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Base of every request body. example: one that works, shown in the API's description."""

    example: ClassVar[dict[str, Any]] = {}


async def check_body(request: Request[Any, Any, Any]) -> None:
    """Refuse a body that is not what the handler's `data` says. Runs before every handler.

    Where none is asked for, one that a form could send is refused all the same; who reads the `request` itself decides.
    """
    handler = request.route_handler
    field = handler.parsed_data_field
    if field is None and (request.method in ("GET", "HEAD") or "request" in handler.parsed_fn_signature.parameters):
        return
    kind, body = request.headers.get("content-type", ""), await whole(request)
    if not body and (field is None or (not kind and field.is_optional)):
        return
    if kind.split(";")[0].strip().lower() != "application/json":
        said = f"The body is {kind or 'of no type'}; send JSON with `Content-Type: application/json`."
        raise UnsupportedContentType(said)
    if field is not None:
        read(body, field.annotation)


async def whole(request: Request[Any, Any, Any]) -> bytes:
    """The body. Raises Disconnected."""
    try:
        return await request.body()
    except InternalServerException as error:  # Litestar's word for a client that went away
        raise Disconnected from error


def read(body: bytes, kind: Any) -> Any:
    """`body` as `kind`. Raises InvalidRequest; `param` is the path of the field at fault."""
    try:
        return msgspec.convert(_decoder.decode(body), kind, strict=True)
    except msgspec.ValidationError as error:
        raise _explained(str(error)) from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"The body is not valid JSON. {_where(error)}", code="malformed_json") from error


def _number(text: str) -> int | float:
    value = float(text)
    if math.isinf(value):
        raise msgspec.DecodeError(f"{text[:20]} is too large for a number")
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


_decoder = msgspec.json.Decoder(float_hook=_number)

_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_SENTENCES = (
    (r"Object missing required field `(?P<field>.*)`", "{at} is missing."),
    (r"Object contains unknown field `(?P<field>.*)`", "{at} is not a field of this request."),
    (r"Expected `(?P<want>.*)`, got `(?P<got>.*)`", "{at} must be {want}, not {got}."),
    (r"Expected `str` of length (?P<op>[<>]=) (?P<n>\d+)", "{at} must have {op} {n} characters."),
    (r"Expected `array` of length (?P<op>[<>]=) (?P<n>\d+)", "{at} must have {op} {n} entries."),
    (r"Expected `(?:int|float)`(?: \| null)? (?P<op>[<>]=) (?P<n>[-\d.e+]+)", "{at} must be {op} {n}."),
    (r"Expected `(?:int|float)` (?P<op>[<>]) (?P<n>[-\d.e+]+)", "{at} must be {op} {n}."),
    (r"Invalid enum value (?P<value>.*)", "{at} cannot be {value}."),
)
_OPS = {"<=": "at most", ">=": "at least", "<": "less than", ">": "more than"}


def _explained(said: str) -> InvalidRequest:
    """msgspec's `Expected `int`, got `str` - at `$.clip.start`` as a sentence, with `clip.start` for `param`."""
    what, _, place = said.partition(" - at `")
    path = re.sub(r"^\$\.?", "", place.rstrip("`")) if place else ""
    for pattern, sentence in _SENTENCES:
        if found := re.fullmatch(pattern, what):
            words = found.groupdict()
            param = ".".join(filter(None, (path, words.get("field"))))
            said = sentence.format(at=f"`{param}`" if param else "The body", **_worded(words))
            return InvalidRequest(said, param=param or None)
    return InvalidRequest(f"`{path}` is not valid." if path else "The body is not valid.", param=path or None)


def _worded(words: dict[str, str]) -> dict[str, str]:
    worded = dict(words)
    for key in {"want", "got"} & set(words):
        worded[key] = " or ".join(_KINDS.get(kind, kind) for kind in words[key].split(" | "))
    if "n" in words:
        worded |= {"n": re.sub(r"\.0$", "", words["n"]), "op": _OPS[words["op"]]}
    return worded


def _where(error: Exception) -> str:
    found = re.search(r"byte (\d+)", str(error))
    return f"Look near byte {found[1]}." if found else "It ends too early, or nests too deeply."
