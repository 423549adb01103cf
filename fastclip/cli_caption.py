"""The command that burns captions into a file, or writes them as ASS. It needs no server."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import click

from fastclip import rules
from fastclip.console import data_dir_option, progress
from fastclip.errors import InvalidRequest, NotFound, Unprocessable

_EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)
_NEW = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("source", metavar="IN", type=_EXISTING)
@click.option("--preset", required=True, metavar="builtin:SLUG", help="A built-in style, such as builtin:bold-hook.")
@click.option("--transcript", type=_EXISTING, help="Its words: .srt, .vtt or .json; default: what is heard.")
@click.option("-o", "--out", type=_NEW, help="The captioned .mp4 to write.")
@click.option("--ass", "ass_out", type=_NEW, help="Write the captions as an ASS file, to draw them elsewhere.")
@click.option("--quality", type=click.Choice(rules.QUALITIES["mp4"]), help="Most that the picture may have.")
@data_dir_option
def caption(
    source: Path,
    preset: str,
    transcript: Path | None,
    out: Path | None,
    ass_out: Path | None,
    quality: str | None,
    data_dir: Path | None,
) -> None:
    """Burn captions into a video, or take them elsewhere as ASS."""
    from fastclip.media import ass, burn, captions, cut, fonts, graph, probe

    check_targets([one for one in (source, transcript) if one], out, ass_out)
    look = style_of(preset)
    facts = probe.read(source, filename=source.name)
    if not facts.has_video:
        raise Unprocessable("Captions need a picture, and this file has none.", code="unsupported_media")
    px = rules.QUALITY_PX.get(rules.QUALITY_ALIASES.get(quality or "", quality or ""))
    with progress(source.name) as tell, tempfile.TemporaryDirectory(prefix="fastclip-") as folder:
        words = read_words(transcript) if transcript else hear(source, facts, Path(folder), data_dir, tell)
        placed = captions.lay_out(
            words,
            look,
            fonts.builtin(look.font_name),
            size_px=graph.fit(facts, px),
            duration_s=facts.duration_s,
        )
        if not placed.pages:
            raise Unprocessable("No speech was heard in this video, so there is nothing to show as captions.")
        script = ass.write(placed)
        if ass_out:
            ass_out.write_text(script.text, "utf-8")
            named = ", ".join(one.family for one in script.fonts)
            click.echo(f"{ass_out}: {len(placed.pages)} captions, drawn with {named}")
        if out:
            laid, part = Path(folder) / "captions", Path(folder) / "clip.mp4"
            burn.lay(laid, script)
            plan = cut.plan(source, facts, start_s=0, end_s=facts.duration_s, format="mp4", height_px=px, captions=laid)
            done = cut.render(source, part, plan, tell=tell)
            shutil.move(part, out)
            click.echo(f"{out}: {done.frames} frames, {done.duration_s:.3f} s, {len(placed.pages)} captions")
    if placed.missing:
        click.echo(f"No font has {placed.missing!r}; these letters are left out.", err=True)


def check_targets(given: list[Path], out: Path | None, ass_out: Path | None) -> None:
    """What is written must have a place, and never that of what is read."""
    if not out and not ass_out:
        raise InvalidRequest("Name what to write: -o OUT.mp4, --ass OUT.ass, or both.")
    if out and out.suffix.lower() != ".mp4":
        raise InvalidRequest(f"Captions need MP4; name a file that ends in .mp4, not {out.name}.")
    for target in (one for one in (out, ass_out) if one):
        if not target.parent.is_dir():
            raise InvalidRequest(f"The folder {target.parent} does not exist.")
        if target.exists() and any(target.samefile(one) for one in given):
            raise InvalidRequest(f"{target.name} is what is read; give what is written another name.")


def style_of(preset: str) -> Any:
    from fastclip.media import style

    kind, _, slug = preset.partition(":")
    if kind != "builtin" or slug not in style.builtin():
        known = ", ".join(f"builtin:{one}" for one in style.builtin())
        raise NotFound(f"There is no preset {preset} here. Choose one of {known}.")
    return style.builtin()[slug][1]


def read_words(path: Path) -> list[Any]:
    """Words of a subtitle file, or of JSON: FastClip's own transcript, Whisper's, or a bare list of words."""
    from fastclip.media import subtitles
    from fastclip.media.words import Word

    form = path.suffix.lstrip(".").lower()
    text = path.read_text("utf-8-sig", "replace")
    if form in subtitles.FORMATS:
        return subtitles.words_of(subtitles.read(text, form))
    try:
        plain = json.loads(text)
        rows = plain if isinstance(plain, list) else plain.get("words") or _within(plain["segments"])
        return [Word(str(row["word"]).strip(), _time(row, "start"), _time(row, "end")) for row in rows]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        form = '[{"word": "Hi", "start": 0, "end": 1}]'
        raise Unprocessable(f"{path.name} holds no words: it is neither .srt nor .vtt nor JSON like {form}.") from error


def _within(segments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [word for segment in segments for word in segment["words"]]


def _time(row: dict[str, Any], name: str) -> float:
    """Seconds; NaN where the recogniser gave none."""
    return float("nan") if row.get(name) is None else float(row[name])


def hear(source: Path, facts: Any, work: Path, data_dir: Path | None, tell: Any) -> list[Any]:
    from fastclip import settings
    from fastclip.ai import models, speech
    from fastclip.media.words import clean

    if not facts.has_audio:
        said = "This video has no sound to hear words in; give --transcript FILE."
        raise Unprocessable(said, code="unsupported_media")
    found = models.find(settings.load(data_dir).models_dir)
    heard: list[Any] = []
    folder = work / "speech"
    folder.mkdir()
    speech.transcribe(source, folder, model=found, duration_s=facts.duration_s, heard=heard.append, tell=tell)
    return clean([word for one in heard for word in one.words], facts.duration_s)
