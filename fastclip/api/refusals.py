"""Every refusal as the same small JSON object (backend-spec A25): `error`, `code`, `param`, `request_id`.

Source: API reference, "Common Errors". What is not a refusal is a bug: logged with its traceback and the request's id,
told as "Something went wrong on our side."
"""

import logging
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException, ValidationException
from litestar.types import HTTPScope

from fastclip import errors
from fastclip.errors import FastClipError, InvalidRequest, MethodNotAllowed, NotFound, RateLimited, Unauthorized

_log = logging.getLogger(__name__)
_CLASSES = {refusal.status: refusal for refusal in FastClipError.__subclasses__() if refusal is not errors.Canceled}


class Disconnected(Exception):
    """The client went away before its request was whole. Nobody reads the answer."""


def request_id(scope: HTTPScope) -> str:
    return scope["state"]["request_id"]


def answer(request: Request[Any, Any, Any], exc: Exception) -> Response[Any]:
    """The response to whatever a handler raised."""
    if isinstance(exc, MethodNotAllowedException) and request.scope["state"].get("method") == "OPTIONS":
        return Response(None, status_code=204, headers=_allow(exc))
    refusal = as_refusal(request.scope, exc)
    if refusal.status == 500:
        where = f"{request.scope['method']} {request.scope['path']}"
        _log.error("%s: %s failed", request_id(request.scope), where, exc_info=exc)
    headers = _allow(exc) if isinstance(exc, MethodNotAllowedException) else headers_of(refusal)
    return Response(envelope(refusal, request_id(request.scope)), status_code=refusal.status, headers=headers)


def envelope(refusal: FastClipError, said_id: str) -> dict[str, str | None]:
    return {"error": refusal.message, "code": refusal.code, "param": refusal.param, "request_id": said_id}


def headers_of(refusal: FastClipError) -> dict[str, str]:
    if isinstance(refusal, RateLimited):
        return {"Retry-After": str(refusal.retry_after_s)}
    return {"WWW-Authenticate": "Bearer"} if isinstance(refusal, Unauthorized) else {}


def as_refusal(scope: HTTPScope, exc: Exception) -> FastClipError:
    """`exc` as one of our own classes. Litestar's own refusals are put into our words."""
    if isinstance(exc, FastClipError):
        return exc
    if isinstance(exc, ValidationException):
        return _invalid(exc)
    if isinstance(exc, NotFoundException):
        return NotFound(f"There is nothing at {scope['path']}.")
    if isinstance(exc, MethodNotAllowedException):
        return MethodNotAllowed(f"{scope['method']} does not work here; use {_allow(exc)['Allow']}.")
    if isinstance(exc, Disconnected):
        return InvalidRequest("The connection ended before all bytes had come.")
    if isinstance(exc, HTTPException) and exc.status_code < 500:
        return _CLASSES.get(exc.status_code, InvalidRequest)(exc.detail)
    return FastClipError(errors.INTERNAL)


def _invalid(exc: ValidationException) -> InvalidRequest:
    """A path or query parameter that Litestar could not read."""
    found = exc.extra[0] if isinstance(exc.extra, list) and exc.extra else {}
    param = found.get("key")
    return InvalidRequest(f"`{param}` is not valid: {found.get('message')}." if param else exc.detail, param=param)


def _allow(exc: MethodNotAllowedException) -> dict[str, str]:
    """What the path answers to. HEAD goes with GET (edge.py), and OPTIONS with everything."""
    methods = {method.strip() for method in (exc.headers or {}).get("allow", "").split(",") if method.strip()}
    return {"Allow": ", ".join(sorted(methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())))}
