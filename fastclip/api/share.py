"""Clips for anybody with the link: what the public sees, views, and what the owner of a clip decides about them.

The pages `/c/{id}` and `/embed/{id}` are in `share_pages.py`. Sources: API reference, "Clip Library and Share";
backend-spec 2.3.
"""

from typing import Annotated, Any

from litestar import Request, get, patch, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from fastclip import share, vault
from fastclip.api.auth import Caller, address, identify
from fastclip.api.strict import Ask
from fastclip.errors import Unauthorized
from fastclip.settings import Settings


class ViewAsk(Ask):
    example = {"visitor_id": "3f2b8c1e9d"}
    visitor_id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{8,64}$")] | None = None


class VisibilityAsk(Ask):
    example = {"visible": False}
    visible: bool


def routes_for(settings: Settings) -> list[HTTPRouteHandler]:
    """Handlers over the settings whose secret makes visitors unrecognisable."""
    secret = vault.secret(settings, "views")

    @post("/v1/share/{clip_id:str}/view", status_code=200, sync_to_thread=True, opt={"rate": "view"})
    def count_view(
        request: Request[Any, Any, Any], clip_id: FromPath[str], data: JSONBody[ViewAsk | None] = None
    ) -> dict[str, Any]:
        """Count a view, once a visitor. The clip's owner is not counted."""
        is_counted, clip = share.count(
            share.find(clip_id),
            visitor_id=data.visitor_id if data else None,
            ip=address(request.scope),
            user_agent=request.headers.get("user-agent", ""),
            viewer_id=_viewer_id(request),
            secret=secret,
        )
        return {"counted": is_counted, "views": share.shown_views(clip)}

    return [show_shared, count_view, show_viewer_state, change_visibility]


@get("/v1/share/{clip_id:str}", sync_to_thread=True, opt={"rate": "share"})
def show_shared(clip_id: FromPath[str]) -> dict[str, Any]:
    """A clip as anybody with its link may see it. 404 once it expired."""
    return share.describe(share.find(clip_id))


@get("/v1/share/{clip_id:str}/viewer-state", sync_to_thread=True)
def show_viewer_state(caller: NamedDependency[Caller], clip_id: FromPath[str]) -> dict[str, Any]:
    """What this account may do with a shared clip."""
    return share.viewer_state(share.find(clip_id), caller.account_id)


@patch("/v1/share/{clip_id:str}/view-count-visibility", sync_to_thread=True)
def change_visibility(
    caller: NamedDependency[Caller], clip_id: FromPath[str], data: JSONBody[VisibilityAsk]
) -> dict[str, Any]:
    """Whether visitors see how often a clip was watched."""
    clip = share.show_views(caller.account_id, clip_id, is_visible=data.visible)
    return {"clip_id": clip.id, "view_count_visible": clip.view_count_visible}


def _viewer_id(request: Request[Any, Any, Any]) -> str | None:
    """Who watches, when they are signed in; a visitor need not be."""
    try:
        return identify(request).account_id
    except Unauthorized:
        return None
