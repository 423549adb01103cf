"""`/openapi.json` for machines and `/docs` for people: the same description, rendered here, loading nothing."""

import functools
import json
from collections.abc import Sequence
from html import escape
from typing import Any

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from fastclip.api import openapi

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
_STYLE = """
:root{color-scheme:light dark;--ink:#1b1d22;--soft:#5b6170;--line:#dfe2e8;--paper:#fff;--code:#f4f5f8;--mark:#3b5bdb}
@media(prefers-color-scheme:dark){:root{--ink:#e9eaee;--soft:#a1a7b5;--line:#30343d;--paper:#15171b;--code:#1e2127;
--mark:#8ea6ff}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.6 system-ui,sans-serif}
main{max-width:52rem;margin:0 auto;padding:3rem 1.25rem 6rem}h1{font-size:2rem;margin:0 0 .5rem}
h2{margin:3.5rem 0 .5rem;font-size:1.35rem}nav{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;margin:1.5rem 0}
a{color:var(--mark)}details{border-top:1px solid var(--line)}details:last-of-type{border-bottom:1px solid var(--line)}
summary{display:flex;gap:.25rem .9rem;flex-wrap:wrap;padding:.7rem 0;
cursor:pointer;list-style:none;align-items:baseline}
summary:focus-visible,a:focus-visible{outline:2px solid var(--mark);outline-offset:3px;border-radius:3px}
code,pre{font:14px/1.5 ui-monospace,SFMono-Regular,Menlo,monospace}summary code{font-weight:600}
.method{min-width:4.2rem;color:var(--mark)}.soft{color:var(--soft);font-size:15px}
pre{background:var(--code);padding:.9rem 1rem;border-radius:8px;overflow:auto}
table{border-collapse:collapse;width:100%;font-size:15px;margin:.5rem 0 1rem}
th{text-align:left;font-weight:600;color:var(--soft)}
td,th{padding:.35rem .8rem .35rem 0;border-bottom:1px solid var(--line);vertical-align:top}
section>div,details>div{padding:0 0 1.2rem}
"""


def routes(described: Sequence[Any]) -> list[HTTPRouteHandler]:
    """Handlers of the two. described: the handlers that they tell of."""
    document = functools.cache(lambda: openapi.describe(described))
    page = functools.cache(lambda: render(document()))

    @get("/openapi.json", sync_to_thread=True, include_in_schema=False)
    def openapi_json() -> Response[dict[str, Any]]:
        return Response(document(), headers={"Cache-Control": "no-cache"})

    @get("/docs", sync_to_thread=True, include_in_schema=False)
    def docs() -> Response[str]:
        headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"}
        return Response(page(), media_type="text/html", headers=headers)

    return [openapi_json, docs]


def render(document: dict[str, Any]) -> str:
    """The document as one readable page."""
    groups: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            shown = _operation(method.upper(), path, operation, document["components"])
            groups.setdefault(operation["tags"][0], []).append(shown)
    nav = "".join(f'<a href="#{escape(name)}">{escape(name)}</a>' for name in groups)
    sections = "".join(
        f'<section id="{escape(name)}"><h2>{escape(name)}</h2>{"".join(shown)}</section>'
        for name, shown in groups.items()
    )
    info = document["info"]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(info["title"])} API</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><main>'
        f"<h1>{escape(info['title'])} API</h1><p>{escape(info['description'])} Version {escape(info['version'])}. "
        f'For machines: <a href="/openapi.json">openapi.json</a>.</p><nav>{nav}</nav>{_auth_note()}{sections}'
        f"<section><h2>Refusals</h2>{_refusals(document['components'])}</section></main></body></html>"
    )


def _auth_note() -> str:
    return (
        '<p class="soft">Send an API key as <code>Authorization: Bearer sk_live_...</code>. Bodies are JSON with '
        "<code>Content-Type: application/json</code>; a field that a request does not know is refused. A browser that "
        "is signed in sends its cookie, and <code>X-CSRF-Token</code> with everything that changes something.</p>"
    )


def _operation(method: str, path: str, operation: dict[str, Any], components: dict[str, Any]) -> str:
    body, example = "", None
    if content := operation.get("requestBody", {}).get("content", {}).get("application/json"):
        schema = _resolved(content["schema"], components)
        body, example = _fields(schema, components), schema.get("example")
    parameters = "".join(
        _row(p["name"], _kind(p["schema"], components), p.get("required", False), f"in the {p['in']}")
        for p in operation.get("parameters", [])
    )
    codes = ", ".join(code for code in sorted(operation["responses"]) if code[0] in "45")
    return (
        f'<details><summary><code class="method">{method}</code><code>{escape(path)}</code>'
        f'<span class="soft">{escape(operation["summary"])}</span></summary><div>'
        f'<p class="soft">{_who(operation["security"])}</p>{_table(parameters)}{body}'
        f"<pre>{escape(_curl(method, path, example, operation['security']))}</pre>"
        f'<p class="soft">Refusals: {codes}</p></div></details>'
    )


def _who(security: list[dict[str, Any]]) -> str:
    ways = [next(iter(way)) for way in security]
    return {(): "Public.", ("session",): "Signed in only."}.get(tuple(ways), "API key, or signed in.")


def _fields(schema: dict[str, Any], components: dict[str, Any]) -> str:
    required = schema.get("required", [])
    rows = (
        _row(name, _kind(field, components), name in required, field.get("description", ""))
        for name, field in schema.get("properties", {}).items()
    )
    return _table("".join(rows))


def _table(rows: str) -> str:
    return f"<table><tr><th>Field</th><th>Kind</th><th></th></tr>{rows}</table>" if rows else ""


def _row(name: str, kind: str, is_required: bool, note: str) -> str:
    notes = ", ".join(filter(None, ("required" if is_required else "", note)))
    return f"<tr><td><code>{escape(name)}</code></td><td>{escape(kind)}</td><td>{escape(notes)}</td></tr>"


def _kind(schema: dict[str, Any], components: dict[str, Any]) -> str:
    """A field's type in a few words: `integer 1 to 1000`, `list of {start, end}`, `string or null`."""
    schema = _resolved(schema, components)
    if ways := schema.get("oneOf") or schema.get("anyOf"):
        return " or ".join(_kind(way, components) for way in ways)
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"] if value is not None)
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}), components)}"
    if "properties" in schema:
        return "{" + ", ".join(schema["properties"]) + "}"
    return f"{_words(schema.get('type', 'any'))}{_range(schema)}"


def _words(kind: Any) -> str:
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _range(schema: dict[str, Any]) -> str:
    low, high = schema.get("minimum", schema.get("minLength")), schema.get("maximum", schema.get("maxLength"))
    low, high = (f"{end:,.0f}" if isinstance(end, float) else end for end in (low, high))
    unit = " characters" if "maxLength" in schema or "minLength" in schema else ""
    if low is not None and high is not None:
        return f" {low} to {high}{unit}"
    return f" from {low}{unit}" if low is not None else f" up to {high}{unit}" if high is not None else ""


def _resolved(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rsplit("/", 1)[-1]
    return components["schemas"][name] if name else schema


def _curl(method: str, path: str, example: Any, security: list[dict[str, Any]]) -> str:
    lines = [f"curl -X {method} http://127.0.0.1:8787{path}"]
    if {"key": []} in security:
        lines.append('-H "Authorization: Bearer sk_live_..."')
    if example is not None:
        lines += ['-H "Content-Type: application/json"', f"-d '{json.dumps(example)}'"]
    return " \\\n  ".join(lines)


def _refusals(components: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{code}</code></td><td>{escape(said['description'])}</td></tr>"
        for code, said in sorted(components["responses"].items())
    )
    example = escape(json.dumps(components["schemas"]["Error"]["example"], indent=2))
    return f"<pre>{example}</pre><table>{rows}</table>"
