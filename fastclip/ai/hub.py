"""Models from the hub: the only part of FastClip that fetches one, and only when the owner asked for it.

What came is kept whatever stops it, and the next `fetch` goes on from there. Nothing here waits without looking up:
a stop is heard within half a second, also while the other side says nothing.
"""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from fastclip.ai import models
from fastclip.ai.models import Model
from fastclip.errors import Unavailable, Unprocessable
from fastclip.media import Tell

if TYPE_CHECKING:
    import httpx  # a fifth of a second, which no start should wait for: imported where it is used

HUB = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
"""Where models are fetched from; `HF_ENDPOINT` names a mirror, as for the hub's own tools."""
_OFFLINE = "HF_HUB_OFFLINE"
_PATIENCE_S = 20.0
_LOOK_S = 0.5
_BLOCK = 1 << 18
_MB = 1_000_000
_T = TypeVar("_T")
_SOME_FILE = re.compile(r"[\w.-]+")

Report = Callable[[int], object]
"""Told how many bytes are here; what it raises ends the fetching."""


@dataclass(frozen=True)
class _Remote:
    """One file on the hub. sha256 is known of the large ones."""

    name: str
    size_bytes: int
    sha256: str | None
    url: str


def fetch(into: Path, repo: str, wanted: re.Pattern[str], *, tell: Tell, hub: str = HUB) -> str:
    """Fetch the files of a repository that are `wanted` into a folder, and say where they are from, with the revision.

    Raises Unavailable (provider_unavailable, insufficient_storage), Unprocessable (checksum; nothing there is wanted).
    """
    if os.environ.get(_OFFLINE, "").upper() in ("1", "ON", "YES", "TRUE"):
        raise Unavailable(
            f"{_OFFLINE} is set on this machine, so nothing is fetched. Add the model from a folder or file instead.",
            code="provider_unavailable",
        )
    return asyncio.run(_fetch(into, repo, wanted, tell, hub))


def pull(folder: Path, name: str, *, tell: Tell, hub: str = HUB) -> Model:
    """Fetch a speech model. What `tell` raises stops it; the next call goes on where this one was.

    Raises NotFound (name), Unavailable, Unprocessable, as `fetch` does.
    """
    wanted, begun = models.offer(name), models.begun_at(folder, name)
    source = fetch(begun, wanted.repo, models.WANTED, tell=lambda f, said: tell(0.95 * f, said), hub=hub)
    return models.keep(
        folder, name, licence=wanted.licence, source=source, tell=lambda f, said: tell(0.95 + f * 0.04, said)
    )


async def _fetch(into: Path, repo: str, wanted: re.Pattern[str], tell: Tell, hub: str) -> str:
    import httpx

    done, total = 0, 1

    def report(have: int = 0) -> None:
        here = done + have
        tell(here / total, f"Fetching: {here / _MB:.0f} of {total / _MB:.0f} MB" if here else "Asking the hub")

    plain = {"Accept-Encoding": "identity"}  # a part of something packed could not be gone on with
    async with httpx.AsyncClient(follow_redirects=True, timeout=_PATIENCE_S, headers=plain) as client:
        files, revision = await _listed(client, repo, wanted, hub, report)
        total = sum(file.size_bytes for file in files)
        into.mkdir(parents=True, exist_ok=True)
        missing = total - sum(path.stat().st_size for path in into.iterdir())
        if shutil.disk_usage(into).free < missing:
            raise Unavailable(
                f"This model needs {missing / _MB:.0f} MB of free disk space.", code="insufficient_storage"
            )
        for file in files:
            await _receive(client, file, into / file.name, report)
            done += file.size_bytes
    return f"{hub}/{repo}@{revision}"


async def _listed(
    client: "httpx.AsyncClient", repo: str, wanted: re.Pattern[str], hub: str, report: Report
) -> tuple[list[_Remote], str]:
    """The wanted files of a repository at its present revision."""
    import httpx

    url = f"{hub}/api/models/{repo}"
    try:
        answer = await _looking_up(client.get(url, params={"blobs": "true"}), lambda: report(0))
        answer.raise_for_status()
        said = answer.json()
        revision = str(said["sha"])
        files = [_remote(one, f"{hub}/{repo}/resolve/{revision}") for one in said["siblings"]]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise _unreachable(url) from error
    chosen = [file for file in files if _SOME_FILE.fullmatch(file.name) and wanted.fullmatch(file.name)]
    if not chosen:
        raise Unprocessable(f"{repo} on the hub has no such model any more; get its file by hand and add that.")
    return chosen, revision


def _remote(said: dict[str, Any], folder: str) -> _Remote:
    name, lfs = str(said["rfilename"]), said.get("lfs") or {}
    return _Remote(name, int(said.get("size") or 0), lfs.get("sha256"), f"{folder}/{quote(name)}")


async def _receive(client: "httpx.AsyncClient", file: _Remote, target: Path, report: Report) -> None:
    """The file's bytes, the missing ones only."""
    part = target.with_name(f"{target.name}.part")
    if target.is_file() and target.stat().st_size == file.size_bytes:
        return
    have = part.stat().st_size if part.is_file() else 0
    if have < file.size_bytes or not have:
        have = await _append(client, file, part, have, report)
    if have != file.size_bytes or (file.sha256 and models.sha256_of(part, lambda: report(have)) != file.sha256):
        part.unlink()
        raise Unprocessable(f"{file.name} did not arrive as the hub describes it; fetch the model again.")
    part.rename(target)


async def _append(client: "httpx.AsyncClient", file: _Remote, part: Path, have: int, report: Report) -> int:
    """How many bytes are here when no more come."""
    import httpx

    def look() -> None:
        report(have)

    request = client.build_request("GET", file.url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        answer = await _looking_up(client.send(request, stream=True), look)
        try:
            answer.raise_for_status()
            have = have if answer.status_code == 206 else 0
            with part.open("ab" if have else "wb") as out:
                blocks = answer.aiter_bytes(_BLOCK)
                while block := await _looking_up(_next(blocks), look):
                    have += out.write(block)
                    report(have)
        finally:
            await answer.aclose()
    except httpx.HTTPError as error:
        raise _unreachable(file.url) from error
    return have


async def _next(blocks: AsyncIterator[bytes]) -> bytes:
    return await anext(blocks, b"")


async def _looking_up(work: Awaitable[_T], look: Callable[[], object]) -> _T:
    """What `work` answers; `look` is called while it lasts, and what it raises ends the work."""
    task = asyncio.ensure_future(work)
    try:
        while not (await asyncio.wait({task}, timeout=_LOOK_S))[0]:
            look()
        return task.result()
    finally:
        task.cancel()


def _unreachable(url: str) -> Unavailable:
    return Unavailable(
        f"{url.split('/')[2]} cannot be reached. What was fetched is kept; try again, or add the model from a folder.",
        code="provider_unavailable",
    )
