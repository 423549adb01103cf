"""The command that finds moments in a file and cuts each of them. It needs no server."""

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from fastclip import cli_caption, rules
from fastclip.console import data_dir_option, progress
from fastclip.errors import InvalidRequest, Unprocessable

_EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("source", metavar="IN", type=_EXISTING)
@click.option("--query", default="", help='What to look for, such as "three 30-second clips about pricing".')
@click.option("-o", "--out", type=click.Path(file_okay=False, path_type=Path), help="Folder; default: only list them.")
@click.option("--transcript", type=_EXISTING, help="Its words: .srt, .vtt or .json; default: what is heard.")
@click.option("--preset", metavar="builtin:SLUG", help="Burn captions in this style.")
@click.option("--format", "format_", type=click.Choice(["mp4", *rules.AUDIO_FORMATS]), help="Default: mp4, or mp3.")
@click.option("--quality", type=click.Choice(rules.QUALITIES["mp4"]), help="Most that the picture may have.")
@click.option("--read-everything", "reads_all", is_flag=True, help="Let a language model read all of it, where one is.")
@click.option("--json", "as_json", is_flag=True, help="Print the moments, and all that were considered, as JSON.")
@data_dir_option
def auto(
    source: Path,
    query: str,
    out: Path | None,
    transcript: Path | None,
    preset: str | None,
    format_: str | None,
    quality: str | None,
    reads_all: bool,
    as_json: bool,
    data_dir: Path | None,
) -> None:
    """Find the best moments of a recording, or those that fit a query, and cut each of them."""
    from fastclip import engines, settings
    from fastclip.ai import embed, moments, ranker
    from fastclip.clips import auto as rules_of
    from fastclip.media import probe
    from fastclip.media.words import clean

    facts = probe.read(source, filename=source.name)
    format_ = format_ or rules.DEFAULT_FORMAT[facts.media_kind]
    _check(facts, format_, quality, preset, query)
    kept = settings.load(data_dir)
    folder, model = kept.data_dir / "indexes", engines.chat_of(kept.data_dir / "models", kept.language_model)
    with progress(source.name, quiet=as_json) as tell, tempfile.TemporaryDirectory(prefix="fastclip-") as work:
        if transcript:
            words = clean(cli_caption.read_words(transcript), facts.duration_s, is_heard=False)
        else:
            words = cli_caption.hear(source, facts, Path(work), data_dir, tell)
        found = moments.find(
            words,
            query,
            duration_s=facts.duration_s,
            embedder=embed.find(),
            cache=folder if folder.parent.is_dir() else None,
            peaks=_peaks(source, facts, Path(work)) if not words else None,
            ranker=ranker.of(model, Path(work) / "asked", deadline_s=float(kept.language_model_s), reads_all=reads_all)
            if model
            else None,
            tell=tell,
        )
        most = found.intent.count or rules_of.usual_count(facts.duration_s)
        given = found.moments[:most] if out else found.moments
        files = []
        if out:
            out.mkdir(parents=True, exist_ok=True)
            cut = _cutter(source, facts, words, format_, quality, preset, Path(work), tell)
            for n, one in enumerate(given, start=1):
                target = out / f"{source.stem}-{n}.{format_}"
                shutil.move(cut(one.start_s, min(one.end_s, facts.duration_s)), target)
                files.append(str(target))
    _say(found, given, files, as_json=as_json)


def _check(facts: Any, format_: str, quality: str | None, preset: str | None, query: str) -> None:
    if not facts.has_audio:
        raise Unprocessable("This video has no sound, so no moments can be found in it.", code="unsupported_media")
    if len(query) > rules.MAX_QUERY_CHARS:
        raise InvalidRequest(f"--query has {len(query)} characters; {rules.MAX_QUERY_CHARS} at most.")
    if format_ not in rules.FORMATS[facts.media_kind]["session"]:
        raise InvalidRequest(f"A sound file cannot become {format_}; use one of {', '.join(rules.AUDIO_FORMATS)}.")
    if format_ != "mp4" and (quality or preset):
        raise InvalidRequest(f"{format_} takes neither --quality nor --preset.")
    if preset:
        cli_caption.style_of(preset)


def _peaks(source: Path, facts: Any, work: Path) -> Any:
    import numpy

    from fastclip.media import peaks

    target = work / "peaks.u8"
    peaks.write(source, target, duration_s=facts.duration_s)
    return numpy.fromfile(target, dtype="uint8")


def _cutter(
    source: Path, facts: Any, words: Any, format_: str, quality: str | None, preset: str | None, work: Path, tell: Any
) -> Callable[[float, float], Path]:
    """What makes a clip of a moment, with its captions where a style was named."""
    from fastclip.media import ass, burn, captions, cut, fonts, graph
    from fastclip.media.words import within

    px = rules.QUALITY_PX.get(rules.QUALITY_ALIASES.get(quality or "", quality or ""))
    look = cli_caption.style_of(preset) if preset else None

    def clip(start_s: float, end_s: float) -> Path:
        laid = None
        if look:
            laid = work / "captions"
            shutil.rmtree(laid, ignore_errors=True)
            shown = within(words, start_s, end_s)
            size = graph.fit(facts, px)
            font = fonts.builtin(look.font_name)
            burn.lay(laid, ass.write(captions.lay_out(shown, look, font, size_px=size, duration_s=end_s - start_s)))
        target = work / f"clip.{format_}"
        plan = cut.plan(
            source, facts, start_s=start_s, end_s=end_s, format=format_, height_px=px, captions=laid, tell=tell
        )
        cut.render(source, target, plan, tell=tell)
        return target

    return clip


def _say(found: Any, given: list[Any], files: list[str], *, as_json: bool) -> None:
    from fastclip.ai import moments
    from fastclip.ai.speech import clock
    from fastclip.clips import analyze

    if as_json:
        shown = [analyze.shown(one) | ({"file": files[n]} if files else {}) for n, one in enumerate(given)]
        considered = [analyze.shown(one) for one in found.candidates]
        click.echo(json.dumps({"segments": shown, **analyze.about(found), "considered": considered}, indent=2))
        return
    for n, one in enumerate(given):
        name = f"{files[n]}: " if files else ""
        click.echo(f"{name}{clock(one.start_s)} to {clock(one.end_s)}, {one.confidence:.0%}  {one.excerpt}".rstrip())
    if not given:
        click.echo(moments.NOTHING)
    if found.note:
        click.echo(found.note, err=True)
