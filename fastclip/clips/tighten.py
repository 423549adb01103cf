"""Tighten: what could go from a recording, and what is left as segments for trim and merge. It costs nothing.

Beyond the API reference: "POST /v1/clip/tighten".
"""

from collections.abc import Sequence
from typing import Any

from fastclip import rules, transcripts, uploads
from fastclip.accounts import Account
from fastclip.ai import tighten
from fastclip.ai.tighten import Proposal
from fastclip.billing import ledger
from fastclip.clips import analyze
from fastclip.errors import Conflict, InvalidRequest

SILENCE_S = (0.3, 10.0)
"""Pauses that can be asked for, in seconds."""
_NO_WORDS = "Fillers and repeats are found in the words; ask for a transcript first. These are the silences."
_TOO_MANY = "Only the cuts that save most are chosen: a merged clip has at most {} segments."


def propose(
    account: Account,
    file_id: str,
    *,
    kinds: Sequence[str] | None = None,
    silence_s: float | None = None,
    accept: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Every proposal with what it saves, and the segments that are left when the chosen ones go.

    kinds: of `tighten.KINDS`, default all. silence_s: pauses from this on. accept: ids to choose, default those that
    are sure. Raises InvalidRequest, NotFound, Gone, Conflict (neither words nor waveform are there yet), Unprocessable.
    """
    upload = uploads.get_ready(account.id, file_id)
    analyze.check_sound(upload)
    row = transcripts.satisfying(account.id, file_id, model="", language="")
    peaks = analyze.peaks_of(upload)
    if row is None and peaks is None:
        raise Conflict("This source is still being prepared; try again in a moment.", code="upload_not_ready")
    length_s = upload.media.duration_s
    found = tighten.propose(
        transcripts.words_of(row) if row else [],
        duration_s=length_s,
        peaks=peaks,
        kinds=tighten.KINDS if kinds is None else kinds,
        silence_s=tighten.SILENCE_S if silence_s is None else silence_s,
    )
    wished = _wished(found, accept)
    chosen = tighten.chosen(wished, lambda some: len(_left(some, length_s)) <= rules.MAX_SEGMENTS)
    notes = [] if row else [_NO_WORDS]
    if len(chosen) < len(wished):
        notes.append(_TOO_MANY.format(rules.MAX_SEGMENTS))
    return _described(found, chosen, length_s, " ".join(notes))


def _wished(found: list[Proposal], accept: Sequence[str] | None) -> list[Proposal]:
    if accept is None:
        return [one for one in found if one.is_sure]
    known = {one.id: one for one in found}
    for n, name in enumerate(accept):
        if name not in known:
            raise InvalidRequest(f"{name!r} is no proposal for this source with these settings.", param=f"accept[{n}]")
    return [known[name] for name in dict.fromkeys(accept)]


def _left(some: Sequence[Proposal], length_s: float) -> list[tuple[float, float]]:
    return tighten.left(some, length_s, longest_s=rules.MAX_SEGMENT_S)


def _described(found: list[Proposal], chosen: list[Proposal], length_s: float, note: str) -> dict[str, Any]:
    segments, ids = _left(chosen, length_s), {one.id for one in chosen}
    after_s = sum(end - start for start, end in segments)
    return {
        "proposals": [
            {
                "id": one.id,
                "kind": one.kind,
                "start": one.start_s,
                "end": one.end_s,
                "seconds": round(one.seconds, 3),
                "text": one.text or None,
                "reason": one.reason,
                "is_sure": one.is_sure,
                "is_chosen": one.id in ids,
            }
            for one in found
        ],
        "segments": [{"start": round(start, 3), "end": round(end, 3)} for start, end in segments],
        "duration": round(length_s, 3),
        "duration_after": round(after_s, 3),
        "seconds_saved": round(length_s - after_s, 3),
        "trim_cost": ledger.usd(len(segments) * rules.trim_cents(is_4k=False)),
        "cost": 0.0,
        "note": note or None,
    }
