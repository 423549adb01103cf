"""API keys of an account: added, known, listed, revoked; only the digest is kept. Source: API reference, "API Keys"."""

import secrets
from typing import Any

from peewee import CharField, DateTimeField

from fastclip import accounts, credentials, rules, store
from fastclip.accounts import Account
from fastclip.errors import Conflict, InvalidRequest, NotFound, Unauthorized
from fastclip.store import Row

KEY_PREFIX = "sk_live_"


class ApiKey(Row):
    id = CharField(primary_key=True)
    account_id = CharField(index=True)
    name = CharField()
    prefix = CharField()
    digest = CharField(unique=True)
    created_at = DateTimeField(default=store.now)
    last_used_at = DateTimeField(null=True)
    last_used_ip = CharField(default="")


def add(account_id: str, name: str) -> tuple[ApiKey, str]:
    """A new key; its full text is returned only here. Raises InvalidRequest, Conflict (limit_reached)."""
    name = name.strip()
    if not 1 <= len(name) <= rules.MAX_KEY_NAME_CHARS:
        raise InvalidRequest(f"name has {len(name)} characters; use 1 to {rules.MAX_KEY_NAME_CHARS}.", param="name")
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    with store.write():
        if ApiKey.select().where(ApiKey.account_id == account_id).count() >= rules.MAX_API_KEYS:
            raise Conflict(
                f"An account has at most {rules.MAX_API_KEYS} API keys; revoke one first.", code="limit_reached"
            )
        return ApiKey.create(
            id=store.new_id("key_"), account_id=account_id, name=name, prefix=key[:12], digest=credentials.digest(key)
        ), key


def by_key(key: str, *, ip: str) -> tuple[Account, str]:
    """The account behind an API key, and the key's id. Raises Unauthorized."""
    row = ApiKey.get_or_none(ApiKey.digest == credentials.digest(key))
    if row is None:
        raise Unauthorized("This API key is not valid; it may have been revoked.")
    moment = store.now()
    if row.last_used_at is None or row.last_used_at < moment - credentials.TOUCH_EVERY:
        with store.write():
            ApiKey.update(last_used_at=moment, last_used_ip=ip).where(ApiKey.id == row.id).execute()
    return accounts.by_id(row.account_id), row.id


def of_account(account_id: str) -> list[ApiKey]:
    return list(ApiKey.select().where(ApiKey.account_id == account_id).order_by(ApiKey.created_at.desc()))


def revoke(account_id: str, key_id: str) -> None:
    with store.write():
        gone = ApiKey.delete().where(ApiKey.id == key_id, ApiKey.account_id == account_id).execute()
    if not gone:
        raise NotFound("There is no such API key on this account.")


def describe(key: ApiKey) -> dict[str, Any]:
    """A key as the list shows it, never its text."""
    return {
        "key_id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "last_used_at": store.rfc3339(key.last_used_at),
        "last_used_ip": key.last_used_ip or None,
        "created_at": store.rfc3339(key.created_at),
    }
