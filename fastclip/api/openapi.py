"""The API's description for machines, `/openapi.json`: Litestar's, with what it does not know put in.

That is: closed request bodies, an example for each, who may call, and every refusal a route can answer with.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, Reference, SecurityScheme
from litestar.routes import HTTPRoute

from fastclip import __version__, errors
from fastclip.api import auth
from fastclip.api.strict import Ask
from fastclip.errors import FastClipError

_SCHEMES: dict[str, SecurityScheme | Reference] = {
    "key": SecurityScheme(type="http", scheme="bearer", description="An API key: `sk_live_...`"),
    "session": SecurityScheme(type="apiKey", name=auth.COOKIE, security_scheme_in="cookie", description="Signed in"),
}
_ERROR = {
    "title": "Error",
    "type": "object",
    "required": ["error", "code", "param", "request_id"],
    "additionalProperties": False,
    "properties": {
        "error": {"type": "string", "description": "What came, what is allowed, what to do next."},
        "code": {"type": "string", "enum": sorted(errors.CODES)},
        "param": {"type": ["string", "null"], "description": "The field at fault: `clip.start`, `parts[3].etag`."},
        "request_id": {"type": "string", "description": "Also in the header Request-Id."},
    },
    "example": {
        "error": "`clip.start` must be a number, not a text.",
        "code": "invalid_request",
        "param": "clip.start",
        "request_id": "req_a2b3c4d5e6f7",
    },
}
_EVERYWHERE = (400, 404, 421, 429, 500, 503)
_WITH_CALLER = (401, 403)
_WITH_BODY = (402, 409, 410, 413, 415, 422)


def describe(routes: Sequence[Any]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of `routes`, grouped by the nouns in whose files they stand."""
    config = OpenAPIConfig(
        title="FastClip",
        version=__version__,
        description="Upload media, cut exact clips out of it, keep and share them.",
        components=Components(security_schemes=_SCHEMES),
        path="/openapi",
    )
    written = {(path, method): one.fn for one in routes for path in one.paths for method in one.http_methods}
    caller = Provide(auth.caller, sync_to_thread=False)
    router = Router("/", route_handlers=routes)  # as in `app.build`
    app = Litestar([router], dependencies={"caller": caller}, openapi_config=config, logging_config=None)
    document: dict[str, Any] = app.openapi_schema.to_schema()
    schemas = document["components"].setdefault("schemas", {})
    schemas["Error"] = _ERROR
    _close(schemas)
    document["components"]["responses"] = {str(kind.status): _response(kind) for kind in _refusals()}
    for route, method, handler in _operations(app):
        function = written[route.path, method]
        operation = document["paths"][route.path_format][method.lower()]
        operation["tags"] = [function.__module__.rsplit(".", 1)[-1].capitalize()]
        operation["summary"] = (function.__doc__ or "").split("\n")[0]
        operation["operationId"] = function.__name__
        _complete(operation, handler)
    return document


def _operations(app: Litestar) -> Iterator[tuple[HTTPRoute, str, HTTPRouteHandler]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for method, (handler, _) in route.route_handler_map.items():
                if handler.resolve_include_in_schema():
                    yield route, method, handler


def _close(schemas: dict[str, Any]) -> None:
    """Request bodies take no unknown fields, and each says how one looks that works."""
    for ask in _descendants(Ask):
        if schema := schemas.get(ask.__name__):
            schema["additionalProperties"] = False
            if ask.example:
                schema["example"] = ask.example


def _descendants(kind: type[Ask]) -> Iterator[type[Ask]]:
    for ask in kind.__subclasses__():
        yield ask
        yield from _descendants(ask)


def _complete(operation: dict[str, Any], handler: HTTPRouteHandler) -> None:
    _unwrap_optional_body(operation)
    has_body, has_caller = "requestBody" in operation, auth.needs_caller(handler)
    refused = {*_EVERYWHERE, *(_WITH_CALLER if has_caller else ()), *(_WITH_BODY if has_body else (409, 410))}
    operation["responses"] |= {str(code): {"$ref": f"#/components/responses/{code}"} for code in sorted(refused)}
    operation["security"] = _security(handler) if has_caller else []


def _unwrap_optional_body(operation: dict[str, Any]) -> None:
    """A body that may be left out is one kind of object and not required, rather than that object or null."""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        ways = [way for way in content["schema"].get("oneOf", ()) if way != {"type": "null"}]
        if len(ways) == 1:
            content["schema"], operation["requestBody"]["required"] = ways[0], False


def _security(handler: HTTPRouteHandler) -> list[dict[str, list[str]]]:
    needs_session = {auth.session_only, auth.owner_only} & set(handler.guards or ())
    return [{"session": []}] if needs_session else [{"key": []}, {"session": []}]


def _refusals() -> list[type[FastClipError]]:
    return [kind for kind in FastClipError.__subclasses__() if kind is not errors.Canceled] + [FastClipError]


def _response(kind: type[FastClipError]) -> dict[str, Any]:
    promise = "A bug of ours. It is logged under the request's id." if kind is FastClipError else kind.__doc__ or ""
    described: dict[str, Any] = {
        "description": re.sub(r"\s+", " ", promise),
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    if kind is errors.RateLimited:
        described["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds"}}
    return described
