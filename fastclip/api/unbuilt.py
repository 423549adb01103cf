"""Endpoints of the reference that are not built yet and whose path another endpoint's route would claim.

They answer 404 as every other unbuilt one does, where Litestar alone would say 405. A row goes when its endpoint comes.
"""

from litestar import delete, post

from fastclip.errors import NotFound

_SENTENCE = "This version of FastClip does not have this endpoint yet."


@post("/v1/clip/auto", include_in_schema=False, sync_to_thread=False)
def auto() -> None:
    raise NotFound(_SENTENCE)


@post("/v1/clip/analyze", include_in_schema=False, sync_to_thread=False)
def analyze() -> None:
    raise NotFound(_SENTENCE)


@delete("/v1/account", include_in_schema=False, status_code=200, sync_to_thread=False)
def delete_account() -> None:
    raise NotFound(_SENTENCE)


routes = [auto, analyze, delete_account]
