"""The models of this installation, for its owner: what there is, what can be fetched, and the job that does it.

Nothing is fetched unless the owner asks. A member sees only what would be used now (`describe`).
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from fastclip import jobs, store
from fastclip.accounts import Account
from fastclip.ai import gguf, hub, llm, models, prompts, speech
from fastclip.ai.models import Model, Offer
from fastclip.errors import Conflict, InvalidRequest, NotFound, Unavailable
from fastclip.jobs import Job, Outcome, Tell
from fastclip.settings import Settings

KIND = "model"
AUTO, OFF = "auto", "off"
chosen_chat, chat_seconds = AUTO, 240.0
"""The settings `language_model` and `language_model_s`."""


def take(settings: Settings) -> None:
    """Use the language model that these settings name, from the next question on."""
    global chosen_chat, chat_seconds
    chosen_chat, chat_seconds = settings.language_model, float(settings.language_model_s)


def folder() -> Path:
    """Where models lie: in the data folder, beside half-made files."""
    return store.temp_dir.parent / "models"


def find(name: str | None) -> Model | None:
    """The named model, else the best one; None for the built-in recogniser, by its name or for want of a model.

    Raises NotFound.
    """
    return None if name == speech.BUILT_IN else models.find(folder(), name)


def chat() -> Model | None:
    """The language model in use; None for none. One that answers no simple questions is used by its name only."""
    return chat_of(folder(), chosen_chat)


def chat_of(folder: Path, chosen: str) -> Model | None:
    """The same of the models in a folder. chosen: as the setting language_model."""
    if chosen == OFF:
        return None
    here = models.installed(folder, models.CHAT)
    if chosen != AUTO:
        return next((model for model in here if model.name == chosen), None)
    fitting = [model for model in here if not obstacle(model)]
    return fitting[-1] if fitting else None


def obstacle(model: Model) -> str:
    """Why a chat model is not used by itself, "" if it may be."""
    if why := llm.obstacle(model):
        return why
    if model.size_bytes < _memory_bytes() / 2:
        return ""
    return (
        f"The model {model.name} needs more than half of this machine's memory ({_memory_bytes() / 1e9:.0f} GB), so it "
        f"is only used when the setting language_model names it."
    )


def _memory_bytes() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows
        return 16 << 30


def describe() -> dict[str, Any]:
    """What a transcript would be made with now, and what else could be named."""
    best, chosen = find(None), chat()
    return {
        "language_model": chosen.name if chosen else None,
        "engine": speech.WHISPER if best else speech.BUILT_IN,
        "model": best.name if best else None,
        "built_in": speech.BUILT_IN,
        "note": speech.NOTES[speech.WHISPER if best else speech.BUILT_IN] or None,
        "models": [
            {"name": m.name, "is_multilingual": m.is_multilingual} for m in reversed(models.installed(folder()))
        ],
        "languages": list(speech.LANGUAGES) if best and best.is_multilingual else ["en"],
    }


def listed() -> dict[str, Any]:
    """Every model that is here or could be, for the owner's page; the best last."""
    best, used = find(None), chat()
    return {
        "data": _rows(models.SPEECH, models.OFFERS),
        "in_use": best.name if best else None,
        "built_in": {"engine": speech.BUILT_IN, "languages": "English", "note": speech.NOTES[speech.BUILT_IN]},
        "device": speech.device(best).why if best else None,
        "folder": str(folder()),
        "chat": {
            "is_possible": llm.is_installed(),
            "how": "" if llm.is_installed() else llm.MISSING,
            "setting": chosen_chat,
            "in_use": used.name if used else None,
            "questions": len(prompts.QUESTIONS),
            "data": _rows(models.CHAT, gguf.OFFERS),
        },
    }


def _rows(kind: str, offered: Sequence[Offer | gguf.Offer]) -> list[dict[str, Any]]:
    here = {model.name: model for model in models.installed(folder(), kind)}
    offers = {offer.name: offer for offer in offered}
    names = [*_coming(kind, {**here, **offers}), *(name for name in here if name not in offers), *offers]
    return [_row(name, here.get(name), offers.get(name)) for name in names]


def _coming(kind: str, known: Iterable[str]) -> list[str]:
    """Models that are added from this machine just now, or whose adding failed last; they have no other row yet."""
    newest = Job.select().where(Job.kind == KIND).order_by(Job.created_at.desc()).limit(20)
    shown = [job for n, job in enumerate(newest) if job.status in jobs.LIVE or (n == 0 and job.status == "failed")]
    paths = {job.file_id: job.asked["path"] for job in shown if job.file_id not in known}
    return [name for name, path in paths.items() if path and _kind(path) == kind]


def _kind(path: str) -> str:
    return models.CHAT if Path(path).suffix == gguf.SUFFIX else models.SPEECH


def _row(name: str, model: Model | None, offer: Offer | gguf.Offer | None) -> dict[str, Any]:
    job = _latest(name)
    is_live = job is not None and job.status in jobs.LIVE
    failed = job if job and job.status == "failed" and not model else None
    return {
        "name": name,
        "kind": model.kind if model else models.CHAT if isinstance(offer, gguf.Offer) else models.SPEECH,
        "state": "installed" if model else "fetching" if is_live else "failed" if failed else "available",
        "size_bytes": model.size_bytes if model else offer.about_mb * 1_000_000 if offer else None,
        "is_exact_size": model is not None,
        "languages": offer.languages if offer else _languages(model),
        "licence": model.licence if model else offer.licence if offer else None,
        "note": offer.note if offer else "Added from this machine",
        "source": model.source if model else f"{hub.HUB}/{offer.repo}" if offer else None,
        "is_offered": offer is not None,
        "sha256": model.sha256 if model else None,
        "right": model.right if model else None,
        "tokens_per_s": model.tokens_per_s if model else None,
        "context": model.context if model else None,
        "obstacle": obstacle(model) or None if model and model.kind == models.CHAT else None,
        "fetched_bytes": 0 if model else models.fetched_bytes(folder(), name),
        "job_id": job.id if job and is_live else None,
        "progress": job.progress if job and is_live else None,
        "status_message": job.status_message if job and is_live else None,
        "error": failed.error if failed else None,
        "code": failed.error_code if failed else None,
    }


def _languages(model: Model | None) -> str | None:
    """What a model added from this machine knows, where its file says so."""
    if model is None or model.kind == models.CHAT:
        return None
    return "many" if model.is_multilingual else "English"


def request(owner: Account, *, name: str | None = None, path: str | None = None) -> Job:
    """Fetch a model by its name, or add one from a folder, archive or .gguf file on this machine; a running one is
    joined.

    Raises InvalidRequest (which of the two), NotFound (name), Conflict (here already), Unavailable (queue; a chat
    model without llama.cpp).
    """
    if path is None:
        name = (gguf.offer(name or "") or models.offer(name or "")).name
        if (folder() / name / models.CARD).is_file():
            raise Conflict(f"The model {name} is on this machine already.")
    elif not Path(path).is_absolute():
        raise InvalidRequest("path must be a whole path on the machine that runs FastClip.", param="path")
    is_chat = _kind(path) == models.CHAT if path else gguf.offer(name or "") is not None
    if is_chat and not llm.is_installed():
        raise Unavailable(llm.MISSING, code="provider_unavailable")
    with store.write():
        running = _latest(_file_id(name, path))
        if running and running.status in jobs.LIVE:
            return running
        ask = {"name": name or "", "path": path or ""}
        job = jobs.add(owner.id, KIND, ask, lane="light", file_id=_file_id(name, path))
    jobs.push(job)
    return job


def run(job: Job, tell: Tell) -> Outcome:
    """The `model` job. Canceled, it leaves what was fetched for the next one to go on with."""
    ask = job.asked
    if ask["path"]:
        add = gguf.add if _kind(ask["path"]) == models.CHAT else models.add
        model = add(folder(), Path(ask["path"]), name=ask["name"], tell=tell)
    else:
        pull = gguf.pull if gguf.offer(ask["name"]) else hub.pull
        model = pull(folder(), ask["name"], tell=tell)
    return Outcome(result={"model": model.name})


def remove(name: str) -> None:
    """Raises NotFound, Conflict (it is being fetched)."""
    job = _latest(name)
    if job and job.status in jobs.LIVE:
        raise Conflict(f"The model {name} is being fetched; cancel that first.")
    models.remove(folder(), name)


def fetching(name: str) -> Job:
    """The job that fetches a model now. Raises NotFound."""
    job = _latest(name)
    if job is None or job.status not in jobs.LIVE:
        raise NotFound(f"The model {name} is not being fetched.")
    return job


def _file_id(name: str | None, path: str | None) -> str:
    """What a job of this kind is about, where jobs about a source have its id."""
    return name or Path(path or "").name


def _latest(name: str) -> Job | None:
    return jobs.latest(name, KIND)
