"""What the process that started the server may ask of it: a way into the window, and its focus.

Only for who holds the secret of the ready line and of `run.json` (mode 0600): the person at this machine.
"""

import hmac
from collections.abc import Callable
from typing import Any

from litestar import Request, post
from litestar.handlers import HTTPRouteHandler

from fastclip import accounts, tickets
from fastclip.errors import Unauthorized

HEADER = "x-fastclip-control"


def routes_for(secret: str, on_focus: Callable[[], None]) -> list[HTTPRouteHandler]:
    """on_focus: called when a second start asks the window of the first to come forward."""

    @post("/control/ticket", status_code=200, sync_to_thread=True, include_in_schema=False)
    def ticket(request: Request[Any, Any, Any]) -> dict[str, Any]:
        """Where the window begins, as a path: signed in as the owner, or the set-up page while there is none."""
        _check(request, secret)
        owner = accounts.owner()
        if owner is None:
            return {"path": f"/setup#{tickets.setup_token()}"}
        return {"path": f"/auth/window?t={tickets.window_ticket(owner.id)}"}

    @post("/control/focus", status_code=200, sync_to_thread=False, include_in_schema=False)
    def focus(request: Request[Any, Any, Any]) -> dict[str, Any]:
        """Bring the window forward."""
        _check(request, secret)
        on_focus()
        return {"ok": True}

    return [ticket, focus]


def _check(request: Request[Any, Any, Any], secret: str) -> None:
    if not hmac.compare_digest(request.headers.get(HEADER, "").encode(), secret.encode()):
        raise Unauthorized("This is for the window of this machine.")
