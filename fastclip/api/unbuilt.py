"""Endpoints of the reference that are not built yet and whose path another endpoint's route would claim.

They answer 404 as every other unbuilt one does, where Litestar alone would say 405. A row goes when its endpoint comes.
"""

from litestar import delete

from fastclip.errors import NotFound

_SENTENCE = "This version of FastClip does not have this endpoint yet."


@delete("/v1/account", include_in_schema=False, status_code=200, sync_to_thread=False)
def delete_account() -> None:
    raise NotFound(_SENTENCE)


routes = [delete_account]
