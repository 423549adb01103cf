"""Tighten: proposals for nothing, and segments that merge takes as they are."""

import pytest

from fastclip import library, rules, transcription
from fastclip.billing import ledger
from fastclip.clips import merge, tighten
from fastclip.errors import Conflict, InvalidRequest, Unprocessable
from fastclip.jobs import Job
from fastclip.media.words import Word
from tests.clips.conftest import Ready, sound, video
from tests.conftest import Send, make

TEXT = "So um this is the talk. | I I wanted to begin | with a story, you know, about a whale."


def words(text: str) -> list[Word]:
    found, at_s = [], 0.5
    for token in text.split():
        if token == "|":
            at_s += 1.5
            continue
        found.append(Word(token, round(at_s, 3), round(at_s + 0.3, 3)))
        at_s += 0.35
    return found


@pytest.fixture
def talk(owner, ready: Ready):
    upload = ready(owner, sound(20.0))
    transcription.replace(owner.id, upload.id, words(TEXT), duration_s=20.0)
    return upload


def test_every_proposal_says_what_it_is_and_what_it_saves_and_costs_nothing(owner, talk):
    said = tighten.propose(owner, talk.id)
    kinds = [one["kind"] for one in said["proposals"]]
    assert sorted(kinds) == ["filler", "filler", "repeat", "silence", "silence", "silence"]
    assert all(one["seconds"] == pytest.approx(one["end"] - one["start"]) for one in said["proposals"])
    assert [one["text"] for one in said["proposals"] if not one["is_sure"]] == ["you know,"]
    assert said["duration"] == 20.0 and said["seconds_saved"] == pytest.approx(20 - said["duration_after"])
    assert sum(one["end"] - one["start"] for one in said["segments"]) == pytest.approx(said["duration_after"])
    assert said["cost"] == 0 and ledger.balance(owner.id) == (0, 0) and Job.select().count() == 0


def test_the_person_chooses_which_go(owner, talk):
    every = tighten.propose(owner, talk.id)["proposals"]
    one = next(p for p in every if p["text"] == "you know,")
    said = tighten.propose(owner, talk.id, accept=[one["id"]])
    assert [p["id"] for p in said["proposals"] if p["is_chosen"]] == [one["id"]]
    assert said["segments"] == [{"start": 0.0, "end": one["start"]}, {"start": one["end"], "end": 20.0}]
    assert said["trim_cost"] == 0.04
    assert tighten.propose(owner, talk.id, accept=[])["segments"] == [{"start": 0.0, "end": 20.0}]
    with pytest.raises(InvalidRequest, match="is no proposal"):
        tighten.propose(owner, talk.id, accept=["silence-1-2"])


def test_only_the_kinds_and_pauses_asked_for_are_proposed(owner, talk):
    said = tighten.propose(owner, talk.id, kinds=["filler"])
    assert {one["kind"] for one in said["proposals"]} == {"filler"}
    assert tighten.propose(owner, talk.id, kinds=["silence"], silence_s=5.0)["proposals"] == [
        one for one in tighten.propose(owner, talk.id, kinds=["silence"])["proposals"] if one["end"] == 20.0
    ]


def test_more_cuts_than_a_clip_may_have_segments_leave_out_the_smallest(owner, ready: Ready):
    upload = ready(owner, sound(1300.0))
    said = words(" | ".join(["We went on."] * 200))
    transcription.replace(owner.id, upload.id, said, duration_s=1300.0)
    found = tighten.propose(owner, upload.id, kinds=["silence"])
    assert len(found["segments"]) <= rules.MAX_SEGMENTS < len(found["proposals"])
    assert "at most 50 segments" in found["note"]
    smallest = min(one["seconds"] for one in found["proposals"] if one["is_chosen"])
    assert smallest >= max(one["seconds"] for one in found["proposals"] if not one["is_chosen"]) - 1e-3


def test_without_words_only_silences_are_proposed_and_it_is_said_why(owner, send: Send, tmp_path):
    path = tmp_path / "pause.wav"
    tone = "sine=d=9,volume='if(between(t,3,6),0,1)':eval=frame"
    make("-f", "lavfi", "-i", tone, "-ar", "8000", str(path))
    upload = send(owner, path)
    said = tighten.propose(owner, upload.id)
    (pause,) = said["proposals"]
    assert pause["kind"] == "silence" and pause["start"] == pytest.approx(3.15, abs=0.05)
    assert pause["end"] == pytest.approx(5.85, abs=0.05) and "ask for a transcript" in said["note"]
    spans = [(one["start"], one["end"]) for one in said["segments"]]
    merge.request(owner, upload.id, spans, via="session")
    (clip,) = library.listed(owner.id, limit=5)[0]
    assert clip.duration_s == pytest.approx(said["duration_after"], abs=0.1)


def test_what_cannot_be_tightened_is_refused(owner, ready: Ready):
    with pytest.raises(Unprocessable):
        tighten.propose(owner, ready(owner, video(has_audio=False)).id)
    with pytest.raises(Conflict, match="still being prepared"):
        tighten.propose(owner, ready(owner, sound()).id)
