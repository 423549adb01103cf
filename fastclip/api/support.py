"""Messages to the owner, and the outbox where they and all other mails are seen.

Source: API reference, "Support"; backend-spec 2.7.
"""

from typing import Annotated, Any, Literal

from litestar import get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from fastclip import mail, rules, smtp, support
from fastclip.api.auth import Caller, owner_only
from fastclip.api.strict import Ask
from fastclip.api.uploads import page_size
from fastclip.errors import Conflict
from fastclip.standing import Standing

Subject = Annotated[str, Meta(min_length=1, max_length=support.SUBJECT_CHARS)]
Text = Annotated[str, Meta(min_length=1, max_length=support.TEXT_CHARS)]


class SupportAsk(Ask):
    example = {"subject": "A clip ends too early", "message": "Job job_123 asked for 12 to 48 s, and ..."}
    subject: Subject
    message: Text
    email: Annotated[str, Meta(min_length=3, max_length=254)] | None = None


class FeatureAsk(Ask):
    example = {"title": "Export as WebM", "description": "Our site takes WebM only."}
    title: Subject
    description: Text


@post("/v1/support", status_code=200, sync_to_thread=True, opt={"rate": "support"})
def write_to_support(caller: NamedDependency[Caller], data: JSONBody[SupportAsk]) -> dict[str, Any]:
    """Write to the owner of this installation."""
    message = support.send(caller.account, "support", data.subject, data.message, email=data.email or "")
    return {"ok": True, "ticket_id": message.id}


@post("/v1/feature-request", status_code=200, sync_to_thread=True, opt={"rate": "support"})
def request_feature(caller: NamedDependency[Caller], data: JSONBody[FeatureAsk]) -> dict[str, Any]:
    """Tell the owner of this installation what is missing."""
    message = support.send(caller.account, "feature", data.title, data.description)
    return {"ok": True, "ticket_id": message.id}


def routes_for(standing: Standing) -> list[HTTPRouteHandler]:
    """Handlers over the settings that say whether mails are sent."""

    @get("/v1/admin/outbox", sync_to_thread=True, guards=[owner_only])
    def list_outbox(
        caller: NamedDependency[Caller],
        limit: FromQuery[int] = rules.PAGE_DEFAULT,
        cursor: FromQuery[str | None] = None,
        status: FromQuery[Literal["pending", "sent", "outbox", "failed"] | None] = None,
    ) -> dict[str, Any]:
        """Mails of this installation, newest first; without a mail server they wait here to be passed on."""
        rows = mail.listed(limit=page_size(limit) + 1, before=cursor, status=status)
        shown = rows[:limit]
        return {
            "data": [mail.describe(one) for one in shown],
            "next_cursor": shown[-1].id if len(rows) > limit else None,
            "mail_server": standing.now.smtp_host or None,
        }

    @post(
        "/v1/admin/outbox/{mail_id:str}/send",
        status_code=200,
        sync_to_thread=True,
        guards=[owner_only],
        opt={"rate": "keys"},
    )
    def send_again(caller: NamedDependency[Caller], mail_id: FromPath[str]) -> dict[str, Any]:
        """Put a mail that waits, or could not be sent, on its way. 409 when there is no mail server, or it was sent."""
        if smtp.server_of(standing.now) is None:
            raise Conflict("There is no mail server yet; set one first, and waiting mails are sent.")
        return mail.describe(mail.send_again(mail_id))

    return [write_to_support, request_feature, list_outbox, send_again]
