"""Caption presets and fonts of an account, beside the 16 built-in styles. Source: API reference, "Caption Endpoints";
captions.md 3.

A style is named by a `preset_ref`: `builtin:<slug>`, or `preset:<id>` of the account's own. A job keeps a frozen copy
of what it names, so that nobody's editing changes what is being burned.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from peewee import CharField, DateTimeField, IntegerField, TextField, fn

from fastclip import jobs, rules, store
from fastclip.billing import storage
from fastclip.errors import Conflict, InvalidRequest, NotAllowed, NotFound, TooLarge, Unprocessable
from fastclip.jobs import Job
from fastclip.media import fonts, style, typeface
from fastclip.media.fonts import Font
from fastclip.media.style import Style
from fastclip.store import Row

SCOPES = ("all", "built_in", "custom")
MAX_NAME_CHARS = 80
_SEED = ("font_name", "font_size", "words_per_caption", "highlight_mode", "highlight_color", "position_x", "position_y")
"""The fields that the reference shows, in its order."""
_EXTENSIONS = (".ttf", ".otf")


class CaptionPreset(Row):
    id = CharField(primary_key=True)
    account_id = CharField(index=True)
    name = CharField()
    style = TextField()  # JSON: every field of a Style
    created_at = DateTimeField(default=store.now)
    updated_at = DateTimeField(default=store.now)

    class Meta:
        indexes = ((("account_id", "name"), True),)

    @property
    def look(self) -> Style:
        return style.checked(json.loads(self.style))


class CaptionFont(Row):
    id = CharField(primary_key=True)
    account_id = CharField(index=True)
    name = CharField()
    style = CharField()
    weight = IntegerField()
    format = CharField()
    size_bytes = IntegerField()
    created_at = DateTimeField(default=store.now)

    @property
    def key(self) -> str:
        return _font_key(self.id, self.format)


# -- Styles ------------------------------------------------------------------------------------------------


def find(account_id: str, preset_ref: str) -> Style:
    """The style that is named. Raises NotFound, also for another account's."""
    kind, _, name = preset_ref.partition(":")
    if kind == "builtin" and name in style.builtin():
        return style.builtin()[name][1]
    if kind == "preset":
        return get(account_id, name).look
    raise NotFound(f"There is no caption preset {preset_ref}.", param="preset_ref")


def frozen(account_id: str, preset_ref: str) -> dict[str, Any]:
    """The style as a job keeps it. Raises NotFound."""
    return asdict(find(account_id, preset_ref))


def thawed(plain: dict[str, Any]) -> Style:
    """What `frozen` wrote."""
    return style.checked(plain)


@contextmanager
def font_of(account_id: str, look: Style) -> Iterator[Font]:
    """The font that a style draws with, while it is needed. Raises NotFound."""
    if look.font_source == "builtin":
        yield fonts.builtin(look.font_name)
        return
    with store.blobs.lease(get_font(account_id, look.font_id or "").key) as path:
        yield Font(path)


def get(account_id: str, preset_id: str) -> CaptionPreset:
    preset = CaptionPreset.get_or_none(CaptionPreset.id == preset_id, CaptionPreset.account_id == account_id)
    if preset is None:
        raise NotFound(f"There is no caption preset {preset_id} on this account.", param="preset_ref")
    return preset


def listed(account_id: str, scope: str) -> list[dict[str, Any]]:
    """The built-in styles, then the account's own, the oldest first. Raises InvalidRequest."""
    if scope not in SCOPES:
        raise InvalidRequest(f"scope is {scope!r}; use one of {', '.join(SCOPES)}.", param="scope")
    said = [] if scope == "custom" else [_builtin(slug, name, look) for slug, (name, look) in style.builtin().items()]
    if scope != "built_in":
        rows = CaptionPreset.select().where(CaptionPreset.account_id == account_id)
        said += [describe(row) for row in rows.order_by(CaptionPreset.created_at, CaptionPreset.id)]
    return said


def add(account_id: str, name: str, clone_from: str, fields: dict[str, Any]) -> CaptionPreset:
    """A preset like the one it is cloned from, but for these fields.

    Raises NotFound (the one cloned; a font), InvalidRequest (name), Unprocessable (a field), Conflict (a name that is
    taken; too many).
    """
    look = _changed(account_id, find(account_id, clone_from), fields)
    name = _name(name)
    with store.write():
        count = CaptionPreset.select().where(CaptionPreset.account_id == account_id).count()
        if count >= rules.MAX_PRESETS:
            said = f"You have {count} presets, the most an account may have; delete one first."
            raise Conflict(said, code="limit_reached")
        _check_free(account_id, name)
        return CaptionPreset.create(
            id=store.new_id("cap_preset_"), account_id=account_id, name=name, style=json.dumps(asdict(look))
        )


def change(account_id: str, preset_id: str, fields: dict[str, Any]) -> CaptionPreset:
    """Other values for some of a preset's fields, or another name. Raises as `add`; NotAllowed for a built-in one."""
    _check_own(preset_id)
    preset = get(account_id, preset_id)
    name = _name(fields["name"]) if "name" in fields else preset.name
    look = _changed(account_id, preset.look, {key: value for key, value in fields.items() if key != "name"})
    with store.write():
        if name != preset.name:
            _check_free(account_id, name)
        CaptionPreset.update(name=name, style=json.dumps(asdict(look)), updated_at=store.now()).where(
            CaptionPreset.id == preset.id
        ).execute()
    return get(account_id, preset_id)


def delete(account_id: str, preset_id: str) -> None:
    """Raises NotFound, NotAllowed (built in)."""
    _check_own(preset_id)
    with store.write():
        get(account_id, preset_id).delete_instance()


def looked_at(account_id: str, preset_ref: str, fields: dict[str, Any]) -> Style:
    """A style that is being edited and not saved: the one named, with these fields. Raises as `add`."""
    return _changed(account_id, find(account_id, preset_ref), fields)


def _changed(account_id: str, look: Style, fields: dict[str, Any]) -> Style:
    made = style.checked(asdict(look) | fields)
    if made.font_source == "upload":
        if not made.font_id:
            raise Unprocessable("font_id is missing: name the uploaded font.", param="font_id")
        font = get_font(account_id, made.font_id)
        return style.checked(asdict(made) | {"font_name": font.name})
    if made.font_name not in fonts.catalogue():
        known = ", ".join(fonts.catalogue())
        raise Unprocessable(f"There is no built-in font {made.font_name!r}; use one of {known}.", param="font_name")
    return style.checked(asdict(made) | {"font_id": None})


def _check_own(preset_id: str) -> None:
    if preset_id in style.builtin() or preset_id.startswith("builtin:"):
        raise NotAllowed("Built-in styles cannot be changed; make a preset from this one instead.")


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= MAX_NAME_CHARS:
        raise InvalidRequest(f"name has {len(name)} characters; use 1 to {MAX_NAME_CHARS}.", param="name")
    return name


def _check_free(account_id: str, name: str) -> None:
    taken = CaptionPreset.select().where(CaptionPreset.account_id == account_id, CaptionPreset.name == name)
    if taken.exists():
        raise Conflict(f"You have a preset called {name!r} already; choose another name.", param="name")


def describe(preset: CaptionPreset) -> dict[str, Any]:
    return _shown(f"preset:{preset.id}", "custom", preset.id, preset.name, preset.look) | {
        "created_at": store.rfc3339(preset.created_at),
        "updated_at": store.rfc3339(preset.updated_at),
    }


def _builtin(slug: str, name: str, look: Style) -> dict[str, Any]:
    return _shown(f"builtin:{slug}", "built_in", slug, name, look)


def _shown(preset_ref: str, scope: str, slug: str, name: str, look: Style) -> dict[str, Any]:
    """The reference's keys first, as it orders them, then the rest of the fields."""
    plain = asdict(look)
    head = {"preset_ref": preset_ref, "scope": scope, "slug": slug, "name": name, "editable": scope == "custom"}
    return head | {field: plain.pop(field) for field in _SEED} | plain


# -- Fonts -------------------------------------------------------------------------------------------------


def get_font(account_id: str, font_id: str) -> CaptionFont:
    font = CaptionFont.get_or_none(CaptionFont.id == font_id, CaptionFont.account_id == account_id)
    if font is None:
        raise NotFound(f"There is no font {font_id} on this account.", param="font_id")
    return font


def fonts_of(account_id: str) -> list[CaptionFont]:
    rows = CaptionFont.select().where(CaptionFont.account_id == account_id)
    return list(rows.order_by(CaptionFont.created_at, CaptionFont.id))


def font_bytes(account_id: str) -> int:
    """What the account's fonts take of its storage."""
    total = CaptionFont.select(fn.SUM(CaptionFont.size_bytes)).where(CaptionFont.account_id == account_id)
    return int(total.scalar() or 0)


def add_font(account_id: str, filename: str, path: Path, *, beside_bytes: int = 0) -> CaptionFont:
    """Keep a safe copy of the font at `path`, which is a stranger's.

    beside_bytes: what else counts against the account's storage (its pinned clips). Raises Unprocessable, TooLarge,
    Conflict (too many), NotAllowed (storage_quota_exceeded).
    """
    if not filename.lower().endswith(_EXTENSIONS):
        raise Unprocessable(f"{filename} is neither .ttf nor .otf.", param="filename")
    if path.stat().st_size > rules.MAX_FONT_BYTES:
        raise TooLarge(f"A font may have {rules.MAX_FONT_BYTES // rules.MB} MB; this one is larger.", param="file")
    if len(fonts_of(account_id)) >= rules.MAX_FONTS:
        said = f"You have {rules.MAX_FONTS} fonts, the most an account may have; delete one first."
        raise Conflict(said, code="limit_reached")
    if beside_bytes + font_bytes(account_id) + path.stat().st_size > storage.quota_bytes(account_id):
        said = "Your storage is full; unpin or delete a clip, delete a font, or buy more storage."
        raise NotAllowed(said, code="storage_quota_exceeded")
    font_id = store.new_id("font_")
    safe = path.with_name(f"{font_id}.safe")
    found = typeface.admit(path, safe, family=f"FCU {font_id}")
    size_bytes = store.blobs.save(_font_key(font_id, found.format), safe)
    with store.write():
        return CaptionFont.create(
            id=font_id,
            account_id=account_id,
            name=found.name,
            style=found.style,
            weight=found.weight,
            format=found.format,
            size_bytes=size_bytes,
        )


def delete_font(account_id: str, font_id: str) -> None:
    """Raises NotFound, Conflict (a preset or a job that runs draws with it)."""
    font = get_font(account_id, font_id)
    with store.write():
        own = CaptionPreset.select().where(CaptionPreset.account_id == account_id)
        if user := own.where(CaptionPreset.style.contains(font_id)).first():
            raise Conflict(f"The preset {user.name!r} draws with this font; change or delete that first.")
        running = Job.select().where(Job.account_id == account_id, Job.status.in_(jobs.LIVE), Job.ask.contains(font_id))
        if running.exists():
            raise Conflict("A job that is running draws with this font; wait until it has ended.")
        font.delete_instance()
    store.blobs.delete(font.key)


def forget(account_id: str) -> None:
    """Delete the presets and fonts of an account that is closed."""
    for font in fonts_of(account_id):
        store.blobs.delete(font.key)
    with store.write():
        for table in (CaptionPreset, CaptionFont):
            table.delete().where(table.account_id == account_id).execute()


def describe_font(font: CaptionFont) -> dict[str, Any]:
    return {
        "font_id": font.id,
        "font_name": font.name,
        "style": font.style,
        "weight": font.weight,
        "format": font.format,
        "size_bytes": font.size_bytes,
        "created_at": store.rfc3339(font.created_at),
    }


def _font_key(font_id: str, format: str) -> str:
    return f"fonts/{font_id[-2:]}/{font_id}.{format}"
