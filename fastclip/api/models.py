"""The owner's page of models: what is here, what can be fetched or added, and taking one away."""

from typing import Annotated, Any

from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from fastclip import engines
from fastclip.api.auth import Caller, owner_only
from fastclip.api.strict import Ask
from fastclip.clips import cancel
from fastclip.errors import InvalidRequest


class ModelAsk(Ask):
    example = {"name": "small"}
    name: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    path: Annotated[str, Meta(min_length=1, max_length=1000)] | None = None


@get("/v1/admin/models", sync_to_thread=True, guards=[owner_only])
def list_models(caller: NamedDependency[Caller]) -> dict[str, Any]:
    """Speech models: installed, being fetched, and offered."""
    return engines.listed()


@post("/v1/admin/models", status_code=202, sync_to_thread=True, guards=[owner_only])
def add_model(caller: NamedDependency[Caller], data: JSONBody[ModelAsk]) -> dict[str, Any]:
    """Fetch a model by its `name`, or add one from a folder or archive at `path` on the server's machine."""
    if (data.name is None) and (data.path is None):
        raise InvalidRequest("Send name, or path, or path with the name to give it.")
    job = engines.request(caller.account, name=data.name, path=data.path)
    return {"job_id": job.id, "status": job.status}


@post("/v1/admin/models/{name:str}/cancel", status_code=200, sync_to_thread=True, guards=[owner_only])
def cancel_model(caller: NamedDependency[Caller], name: FromPath[str]) -> dict[str, Any]:
    """Stop fetching; what came is kept for the next time."""
    job = engines.fetching(name)
    ended = cancel.cancel(job.account_id, job.id)
    return {"job_id": ended.id, "status": ended.status}


@delete("/v1/admin/models/{name:str}", status_code=200, sync_to_thread=True, guards=[owner_only])
def delete_model(caller: NamedDependency[Caller], name: FromPath[str]) -> dict[str, Any]:
    """Remove a model, or what was fetched of one, from this machine."""
    engines.remove(name)
    return {"ok": True}


routes = [list_models, add_model, cancel_model, delete_model]
