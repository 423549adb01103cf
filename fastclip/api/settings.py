"""The owner's settings by API, and a mail that tries them. Source: backend-spec 2.7, "GET/PATCH /v1/admin/settings"."""

from typing import Annotated, Any

from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody
from msgspec import Meta

from fastclip import desk, mail, smtp
from fastclip.api.auth import Caller, owner_only
from fastclip.api.strict import Ask
from fastclip.errors import InvalidRequest
from fastclip.standing import Standing


class SettingsAsk(Ask):
    """By name. A setting of null goes back to its default, a secret of null is forgotten."""

    example = {"settings": {"smtp_host": "mail.example.org"}, "secrets": {"smtp_password": "correct horse"}}
    settings: dict[str, str | int | bool | list[str] | None] = {}
    secrets: dict[str, str | None] = {}


class TestMailAsk(Ask):
    example = {"to": "ana@example.org"}
    to: Annotated[str, Meta(min_length=3, max_length=254)] | None = None


def routes_for(standing: Standing) -> list[HTTPRouteHandler]:
    """Handlers over the settings in force."""

    @get("/v1/admin/settings", sync_to_thread=True, guards=[owner_only])
    def list_settings(caller: NamedDependency[Caller]) -> dict[str, Any]:
        """Every setting: its value, who says it, and when a change counts. Of secrets only whether they are set."""
        return desk.describe(standing)

    @patch("/v1/admin/settings", sync_to_thread=True, guards=[owner_only], opt={"rate": "keys"})
    def change_settings(caller: NamedDependency[Caller], data: JSONBody[SettingsAsk]) -> dict[str, Any]:
        """Change settings and secrets, all of them or none; the answer is what `GET` says afterwards."""
        if not data.settings and not data.secrets:
            raise InvalidRequest("Send settings or secrets to change.")
        desk.change(standing, data.settings, data.secrets)
        return desk.describe(standing)

    @post(
        "/v1/admin/settings/test-mail", status_code=200, sync_to_thread=True, guards=[owner_only], opt={"rate": "keys"}
    )
    def send_test_mail(caller: NamedDependency[Caller], data: JSONBody[TestMailAsk]) -> dict[str, Any]:
        """Hand one mail to the mail server now, to the owner unless another address is named; 503 says what it said."""
        to = data.to or caller.account.email
        mail.try_out(smtp.server_of(standing.now), to)
        return {"ok": True, "to": to}

    return [list_settings, change_settings, send_test_mail]
