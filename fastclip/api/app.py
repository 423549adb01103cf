"""The web application: all routes in one list, and what every request passes through on its way to one.

edge (id, Host, path) -> route -> gate (caller, rate, CSRF) -> strict (shape of the body) -> handler, in a thread.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.exceptions import HTTPException

from fastclip import rules, store, targets, uploads
from fastclip.api import (
    account,
    admin,
    billing,
    captions,
    clips,
    control,
    desk_money,
    docs,
    events,
    files,
    library,
    members,
    models,
    moments,
    pages,
    presets,
    reload,
    sessions,
    share,
    share_pages,
    strict,
    support,
    transcripts,
    usage,
    webhooks,
)
from fastclip.api import rules as rules_route
from fastclip.api import settings as settings_routes
from fastclip.api import uploads as uploads_routes
from fastclip.api.auth import caller, gate
from fastclip.api.edge import edge
from fastclip.api.hosts import Hosts
from fastclip.api.once import once
from fastclip.api.rates import Rates
from fastclip.api.refusals import answer
from fastclip.billing import payments
from fastclip.errors import FastClipError
from fastclip.library import note_download
from fastclip.settings import Settings
from fastclip.standing import Standing
from fastclip.store.blobs import DiskBlobs, be_known_at

MAX_JSON_BYTES = 1 * rules.MB


def build(
    standing: Standing,
    *,
    stopping: threading.Event,
    secret: str,
    on_focus: Callable[[], None],
    pages_folder: Path = pages.FOLDER,
    rates: Rates | None = None,
) -> Litestar:
    """The application over the opened stores.

    standing: the settings, which its routes follow. stopping: set when the server is about to end. secret, on_focus:
    for the process that started it (`control.py`).
    """
    hosts = Hosts(standing.now)

    def take(settings: Settings) -> None:
        hosts.take(settings)
        be_known_at(settings.public_url)
        targets.loopback_ports = frozenset(settings.webhook_loopback_ports)
        payments.open(settings)

    standing.tell(take)
    routes: list[Any] = [
        *account.routes,
        *billing.routes,
        *desk_money.routes,
        *usage.routes,
        *reload.routes,
        *uploads_routes.routes,
        *clips.routes,
        *library.routes,
        *captions.routes,
        *presets.routes,
        *transcripts.routes_for(stopping),
        *moments.routes_for(stopping),
        *models.routes,
        *admin.routes_for(standing),
        *settings_routes.routes_for(standing),
        *webhooks.routes,
        *support.routes_for(standing),
        *members.routes_for(standing),
        *sessions.routes_for(standing),
        *share.routes_for(standing.now),
        *share_pages.routes,
        *rules_route.routes,
        events.route(stopping),
        *pages.routes(standing.now, folder=pages_folder),
    ]
    routes += [*docs.routes(tuple(routes)), *control.routes_for(secret, on_focus)]
    if isinstance(store.blobs, DiskBlobs):
        routes.append(
            files.route(
                store.blobs,
                may_receive=uploads.may_receive,
                on_received=uploads.received,
                on_downloaded=note_download,
            )
        )
    app = Litestar(
        # A router hands over a path's handlers at once: one by one, the third would break the first (Litestar 2.25).
        [Router("/", route_handlers=routes)],
        middleware=[gate(hosts, rates or Rates()), once],
        dependencies={"caller": Provide(caller, sync_to_thread=False)},
        before_request=strict.check_body,
        exception_handlers={FastClipError: answer, HTTPException: answer, Exception: answer},
        request_max_body_size=MAX_JSON_BYTES,
        openapi_config=None,
        logging_config=None,
    )
    app.asgi_handler = edge(app.asgi_handler, hosts)
    return app
