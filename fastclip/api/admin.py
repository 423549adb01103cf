"""The owner's desk: how this installation stands. People are in `members.py`. Source: backend-spec 2.7."""

from dataclasses import asdict
from typing import Any

from litestar import get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler

from fastclip import backup, doctor, leases
from fastclip.api.auth import Caller, owner_only
from fastclip.doctor import Check
from fastclip.standing import Standing


def routes_for(standing: Standing) -> list[HTTPRouteHandler]:
    """Handlers over the settings in force."""

    @get("/v1/admin/health", sync_to_thread=True, guards=[owner_only])
    def show_health(caller: NamedDependency[Caller]) -> dict[str, Any]:
        """What `fastclip doctor` finds on this machine, and whether the worker lives."""
        checks = [_worker(), *(check for check in doctor.checks(standing.now) if check.name != "port")]
        return {"data": [asdict(check) for check in checks]}

    @get("/v1/admin/backup", sync_to_thread=True, guards=[owner_only])
    def list_backups(caller: NamedDependency[Caller]) -> dict[str, Any]:
        """The copies of the rows that are kept, newest first; one is made every day."""
        return backup.describe(standing.now.data_dir)

    @post("/v1/admin/backup", status_code=200, sync_to_thread=True, guards=[owner_only], opt={"rate": "keys"})
    def make_backup(caller: NamedDependency[Caller]) -> dict[str, Any]:
        """Copy the rows now, while everybody goes on working."""
        backup.make(standing.now.data_dir)
        return backup.describe(standing.now.data_dir)

    return [show_health, list_backups, make_backup]


def _worker() -> Check:
    """Not doctor's: it looks at a machine where nothing runs yet, and so `port` is no news here."""
    if leases.has_worker():
        return Check("worker", "ok", "at work")
    return Check("worker", "fail", "No worker has been heard of lately; jobs wait.", "Start FastClip again.")
