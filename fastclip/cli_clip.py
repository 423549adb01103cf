"""The command that cuts pieces out of a file. It needs no server and no account."""

import csv
import json
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from fastclip import rules
from fastclip.console import progress
from fastclip.errors import InvalidRequest


@click.command()
@click.argument("source", metavar="IN", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--start", help="Where the clip begins: 12, 7.30, 0:12.5 or 1:02:03.")
@click.option("--end", help="Where it ends.")
@click.option(
    "--segments",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Several: JSON or CSV of start,end.",
)
@click.option(
    "--format", "format_", type=click.Choice([*rules.CONTENT_TYPES, *rules.FORMAT_ALIASES]), help="Default: from OUT."
)
@click.option(
    "--quality",
    type=click.Choice(rules.QUALITIES["mp4"]),
    help="Most that the picture may have; default: the source's.",
)
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write (numbered for several).",
)
@click.option(
    "--plan",
    "force",
    type=click.Choice(["copy", "smart", "encode"]),
    help="Cut in this way or not at all; default: the quickest that is exact.",
)
@click.option(
    "--keep",
    "codecs",
    multiple=True,
    type=click.Choice(["h264", "hevc", "vp9", "av1"]),
    help="Picture codecs that an mp4 may keep; default: h264.",
)
@click.option("--merge", "is_merge", is_flag=True, help="Join the segments to one file, in their order.")
@click.option("--json", "as_json", is_flag=True, help="Print frames, duration, plan and seconds spent as JSON.")
def clip(
    source: Path,
    start: str | None,
    end: str | None,
    segments: Path | None,
    format_: str | None,
    quality: str | None,
    out: Path,
    force: str | None,
    codecs: tuple[str, ...],
    is_merge: bool,
    as_json: bool,
) -> None:
    """Cut exact pieces out of a file. Needs no server and no account."""
    from fastclip.clips import checks
    from fastclip.media import cut, probe

    spans = _spans(start, end, segments)
    named = format_ or out.suffix.lstrip(".").lower()
    format_ = rules.FORMAT_ALIASES.get(named, named)
    facts = probe.read(source, filename=source.name)
    _check_format(facts.media_kind, format_, quality)
    checks.segments(facts, spans, format_)
    px = rules.QUALITY_PX.get(rules.QUALITY_ALIASES.get(quality or "", quality or ""))
    options: dict[str, Any] = {"format": format_, "height_px": px, "force": force, "codecs": codecs or cut.CODECS}
    if is_merge:
        return _merge(source, facts, spans, out, options, as_json=as_json)
    made = []
    for (start_s, end_s), target in zip(spans, _targets(out, len(spans)), strict=True):
        began = time.monotonic()
        plan = cut.plan(source, facts, start_s=start_s, end_s=end_s, **options)
        with progress(target.name, quiet=as_json) as tell, _in_place(target, format_) as part:
            done = cut.render(source, part, plan, tell=tell)
        made.append(_said(target, done, time.monotonic() - began))
    click.echo(
        json.dumps(made[0] if segments is None else made, indent=2)
        if as_json
        else "\n".join(_sentence(one) for one in made)
    )


def _merge(
    source: Path,
    facts: Any,
    spans: list[tuple[float, float]],
    out: Path,
    options: dict[str, Any],
    *,
    as_json: bool,
) -> None:
    from fastclip.clips import merge as checks
    from fastclip.media import merge

    checks.check_format(options["format"])
    checks.check_length(spans)
    began = time.monotonic()
    plan = merge.plan(source, facts, spans, **options)
    with progress(out.name, quiet=as_json) as tell, _in_place(out, options["format"]) as part:
        done = merge.render(source, part, plan, tell=tell)
    made = _said(out, done, time.monotonic() - began)
    click.echo(json.dumps(made, indent=2) if as_json else _sentence(made))


def _check_format(kind: str, format_: str, quality: str | None) -> None:
    allowed = rules.FORMATS[kind]["session"]
    if format_ not in allowed:
        raise InvalidRequest(
            f"This {kind} file can become {', '.join(allowed)}, not {format_ or 'a file without extension'}."
        )
    if quality and quality not in rules.QUALITIES.get(format_, ()):
        raise InvalidRequest(f"{format_} takes no quality {quality}; leave --quality out.")


def _spans(start: str | None, end: str | None, segments: Path | None) -> list[tuple[float, float]]:
    if segments is not None and start is None and end is None:
        return _spans_of(segments)
    if segments is not None or start is None or end is None:
        raise InvalidRequest("Give either --start and --end, or --segments FILE.")
    return [(_seconds(start), _seconds(end))]


def _spans_of(path: Path) -> list[tuple[float, float]]:
    """JSON `[{"start": 1, "end": 2}, …]`, or CSV lines `start,end[,name]` as LosslessCut writes them."""
    text = path.read_text("utf-8-sig")
    try:
        if text.lstrip().startswith("["):
            return [(_seconds(str(one["start"])), _seconds(str(one["end"]))) for one in json.loads(text)]
        return [(_seconds(row[0]), _seconds(row[1])) for row in csv.reader(text.splitlines()) if row]
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise InvalidRequest(
            f'{path.name} is neither JSON [{{"start": 1, "end": 2}}] nor CSV lines start,end.'
        ) from error


def _seconds(text: str) -> float:
    if not re.fullmatch(r"(\d+:){0,2}\d+(\.\d+)?", text.strip()):
        raise InvalidRequest(f"{text!r} is no time; write 12, 7.30, 0:12.5 or 1:02:03.")
    total = 0.0
    for piece in text.strip().split(":"):
        total = total * 60 + float(piece)
    return total


def _targets(out: Path, count: int) -> list[Path]:
    return [out] if count == 1 else [out.with_stem(f"{out.stem}-{n}") for n in range(1, count + 1)]


@contextmanager
def _in_place(target: Path, format_: str) -> Iterator[Path]:
    """A temporary file beside the target that becomes it only when all went well."""
    if not target.parent.is_dir():
        raise InvalidRequest(f"The folder {target.parent} does not exist.")
    with tempfile.TemporaryDirectory(prefix=".fastclip-", dir=target.parent) as folder:
        part = Path(folder) / f"clip.{format_}"
        yield part
        shutil.move(part, target)


def _said(target: Path, done: Any, seconds: float) -> dict[str, Any]:
    return {
        "file": str(target),
        "frames": done.frames,
        "duration": round(done.duration_s, 6),
        "width": done.width_px,
        "height": done.height_px,
        "size_bytes": done.size_bytes,
        "plan": done.plan_kind,
        "reason": done.reason,
        "seconds": round(seconds, 3),
        "stages": {name: round(spent, 3) for name, spent in done.stages.items()},
    }


def _sentence(made: dict[str, Any]) -> str:
    frames = f"{made['frames']} frames, " if made["frames"] else ""
    size_mb, spent = made["size_bytes"] / rules.MB, made["seconds"]
    return f"{made['file']}: {frames}{made['duration']:.3f} s, {size_mb:.2f} MB ({made['plan']}, {spent:.1f} s)"
