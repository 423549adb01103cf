"""The commands about models, and a transcript of a file. They need no server."""

import json
import tempfile
from pathlib import Path
from typing import Any

import click

from fastclip.console import data_dir_option, progress
from fastclip.errors import InvalidRequest, Unavailable, Unprocessable

FORMS = ("srt", "vtt", "txt", "json")


@click.command()
@click.argument("source", metavar="IN", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="A .srt, .vtt, .txt or .json file.")
@click.option("--model", help="An installed model (`fastclip models list`) or pocketsphinx; default: the best.")
@click.option("--language", help="Such as en or de; default: what is heard.")
@data_dir_option
def transcribe(source: Path, out: Path | None, model: str | None, language: str | None, data_dir: Path | None) -> None:
    """Write down what is said in a file. Without -o: as text, on standard output."""
    from fastclip.ai import models as kept
    from fastclip.ai import speech
    from fastclip.ai.speech import Heard
    from fastclip.media import probe
    from fastclip.media.words import clean

    form = out.suffix.lstrip(".").lower() if out else "txt"
    if form not in FORMS:
        raise InvalidRequest(f"{out} cannot be written; name a file that ends in {', '.join('.' + f for f in FORMS)}.")
    facts = probe.read(source, filename=source.name)
    if not facts.has_audio:
        raise Unprocessable("This video has no sound, so there is nothing to transcribe.", code="unsupported_media")
    found = None if model == speech.BUILT_IN else kept.find(_folder(data_dir), model)
    heard: list[Heard] = []
    with progress(source.name) as tell, tempfile.TemporaryDirectory(prefix="fastclip-") as work:
        place = speech.transcribe(
            source,
            Path(work),
            model=found,
            duration_s=facts.duration_s,
            heard=heard.append,
            tell=tell,
            language=language,
        )
    words = clean([word for one in heard for word in one.words], facts.duration_s)
    text = _written(words, facts.duration_s, form)
    click.echo(text, nl=False) if out is None else out.write_text(text, "utf-8")
    engine = speech.WHISPER if found else speech.BUILT_IN
    click.echo(f"{len(words)} words, {found.name if found else engine}, {place.why}. {speech.NOTES[engine]}", err=True)


def _written(words: list[Any], duration_s: float, form: str) -> str:
    from fastclip.media import subtitles
    from fastclip.media.words import joined, sentences

    if form in subtitles.FORMATS:
        return subtitles.write(subtitles.cues(words, end_s=duration_s), form)
    said = sentences(words)
    if form == "txt":
        return "".join(f"{joined(sentence)}\n" for sentence in said)
    segments = [
        {
            "start": round(sentence[0].start_s, 3),
            "end": round(sentence[-1].end_s, 3),
            "text": joined(sentence),
            "words": [
                {"start": round(w.start_s, 3), "end": round(w.end_s, 3), "word": w.text, "probability": w.probability}
                for w in sentence
            ],
        }
        for sentence in said
    ]
    return json.dumps({"duration": duration_s, "segments": segments}, indent=1, ensure_ascii=False) + "\n"


@click.group()
def models() -> None:
    """Speech and language models of this machine."""


@models.command("list")
@data_dir_option
def list_models(data_dir: Path | None) -> None:
    """Show the models that are here and those that can be fetched, the best last."""
    from fastclip.ai import models as kept

    here = {model.name: model for model in kept.installed(_folder(data_dir))}
    for model in here.values():
        click.echo(
            f"installed  {model.name:<18} {model.size_bytes / 1e6:>6.0f} MB  {model.licence}  {model.sha256[:12]}"
        )
    for offer in kept.OFFERS:
        if offer.name not in here:
            about = f"{offer.about_mb:>6} MB  {offer.licence}  {offer.languages}. {offer.note}"
            click.echo(f"can fetch  {offer.name:<18} {about}")
    _list_chat(_folder(data_dir))


def _list_chat(folder: Path) -> None:
    """The language models, which are optional, and how one is added."""
    from fastclip.ai import gguf, llm
    from fastclip.ai import models as kept
    from fastclip.ai.prompts import QUESTIONS

    for model in kept.installed(folder, kept.CHAT):
        about = f"{model.size_bytes / 1e6:>6.0f} MB  {model.licence}  {model.sha256[:12]}"
        said = llm.obstacle(model) or f"{model.right} of {len(QUESTIONS)} questions right"
        click.echo(f"chat       {model.name:<18} {about}  {said}")
    click.echo("Chat models help to rank moments and are never needed; any other one in a .gguf file can be added.")
    here = {model.name for model in kept.installed(folder, kept.CHAT)}
    for one in gguf.OFFERS:
        if one.name not in here:
            click.echo(f"can fetch  {one.name:<18} {one.about_mb:>6} MB  {one.licence}  {one.note}")
    if not llm.is_installed():
        click.echo(llm.MISSING)


@models.command("pull")
@click.argument("name")
@data_dir_option
def pull_model(name: str, data_dir: Path | None) -> None:
    """Fetch a model from the hub. Stopped, it goes on there the next time."""
    from fastclip.ai import gguf, hub, llm

    is_chat = gguf.offer(name) is not None
    with progress(name) as tell:
        model = (gguf if is_chat else hub).pull(_folder(data_dir), name, tell=tell)
    click.echo(f"{model.name} is ready: {model.size_bytes / 1e6:.0f} MB, {model.licence}, sha256 {model.sha256}.")
    if is_chat and (why := llm.obstacle(model)):
        click.echo(why)


@models.command("add")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--name", default="", help="Default: the folder's or archive's own.")
@data_dir_option
def add_model(path: Path, name: str, data_dir: Path | None) -> None:
    """Add a model from a folder, from a .zip or .tar of one, or from a chat model's .gguf file."""
    from fastclip.ai import gguf, llm
    from fastclip.ai import models as kept

    is_chat = path.suffix == gguf.SUFFIX
    if is_chat:
        facts = gguf.look(path)
        click.echo(f"{facts.name} ({facts.architecture}): {facts.size_bytes / 1e6:.0f} MB, licence: {facts.licence}.")
    with progress(path.name) as tell:
        model = (gguf if is_chat else kept).add(_folder(data_dir), path.resolve(), name=name, tell=tell)
    click.echo(f"{model.name} is ready: {model.size_bytes / 1e6:.0f} MB, sha256 {model.sha256}.")
    if is_chat and (why := llm.obstacle(model)):
        click.echo(why)


@models.command("rm")
@click.argument("name")
@data_dir_option
def remove_model(name: str, data_dir: Path | None) -> None:
    """Delete a model, or what was fetched of one."""
    from fastclip.ai import models as kept

    kept.remove(_folder(data_dir), name)
    click.echo(f"{name} is gone.")


@models.command("setup-llm")
@data_dir_option
def setup_llm(data_dir: Path | None) -> None:
    """Say whether llama.cpp is there. Through `packaging/run` it is compiled and installed first."""
    from fastclip.ai import llm

    if not llm.is_installed():
        raise Unavailable(llm.MISSING)
    click.echo("llama.cpp is installed. Add a chat model next: fastclip models add FILE.gguf")


def _folder(data_dir: Path | None) -> Path:
    from fastclip import settings

    return settings.load(data_dir).models_dir
