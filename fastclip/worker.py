"""The life of a job: claim, run, keep what it made, settle the bill; lanes, leases and the sweep.

One worker process serves every lane. Its threads live as long as it does, because ffmpeg dies with the thread that
started it. What a stopping worker was doing goes back to pending; what a dead one was doing is found by the sweep.
Source: backend-spec 3 and 6.4.
"""

import contextlib
import json
import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator

from fastclip import (
    backup,
    deliveries,
    engines,
    invites,
    jobs,
    leases,
    library,
    mail,
    members,
    retention,
    rules,
    sessions,
    share,
    sources,
    store,
    targets,
    tickets,
    uploads,
)
from fastclip.billing import answers, payments, reload
from fastclip.clips import analyze, auto, caption, merge, news, settling, transcript, trim
from fastclip.errors import INTERNAL, Canceled, FastClipError
from fastclip.jobs import Job, Outcome, Tell
from fastclip.library import Clip
from fastclip.media import hardware
from fastclip.settings import Settings
from fastclip.standing import Standing

_log = logging.getLogger(__name__)

BODIES: dict[str, Callable[[Job, Tell], Outcome]] = {
    "validate": sources.validate,
    "prepare": sources.prepare,
    "proxy": sources.render_proxy,
    "trim": trim.run,
    "merge": merge.run,
    "captions": caption.run,
    "transcript": transcript.run,
    "model": engines.run,
    "analyze": analyze.run,
    "auto": auto.run,
    "deliver": deliveries.run,
    "mail": mail.run,
}
AFTER_FAILURE: dict[str, Callable[[Job, FastClipError], None]] = {
    "validate": sources.give_up,
    "deliver": deliveries.give_up,
    "mail": mail.give_up,
}
OWED: dict[str, Callable[[Job], int]] = {"auto": auto.owed}
"""What a job that did not come to its end has delivered all the same, in cents. Of other kinds that is nothing."""
BEAT_S, SWEEP_S, EXPIRE_S, TIDY_S = 1.0, 1.0, 60.0, rules.DAY
POLL_S = 10.0
"""How often it is looked whether a payment is due to be asked about."""
STOP_S = 10.0
_KEEPING_AT = 0.97


class Stopping(Exception):
    """Raised into a running body when this worker was told to stop."""


class Worker:
    """One worker process: `start`, then `stop`."""

    def __init__(self, settings: Settings, standing: Standing | None = None) -> None:
        """standing: where this process's settings change; a worker by itself follows its own."""
        self.owner = leases.owner_name()
        self._standing = standing or Standing(settings)
        mail.begin(self._standing.now)
        self._standing.tell(take)
        self._lanes = {
            "ffmpeg": settings.ffmpeg_workers,
            "light": settings.light_workers,
            "heavy": settings.heavy_workers,
            "outgoing": settings.outgoing_workers,
        }
        self._held: dict[str, Job] = {}
        self._stopping = threading.Event()
        loops = (self._beat, self._sweep, self._poll, self._follow)
        self._threads = [threading.Thread(target=loop, daemon=True) for loop in loops]

    def start(self) -> None:
        leases.extend(self.owner, [])
        _sweep_temp()
        self._serving = store.queue.serve(self.perform, self._lanes)
        for thread in self._threads:
            thread.start()

        self._standing.tell(lambda settings: hardware.use(settings.hardware_encoders))

    def stop(self) -> None:
        """Take nothing more, put back what runs, and wait until its processes are gone."""
        self._stopping.set()
        self._serving.stop(wait_s=STOP_S)
        leases.forget_workers(self.owner)

    def perform(self, job_id: str) -> None:
        """Do one job. The queue may ring twice for it; only the first claim does the work."""
        if self._stopping.is_set():
            return  # it stays pending; the next worker's sweep rings for it
        job = leases.claim(job_id, self.owner)
        if job is None:
            return
        self._held[job.id] = job
        goes_on = False
        try:
            goes_on = self._run(job)
        finally:
            del self._held[job.id]
            _sweep_temp(job)
        if goes_on:
            jobs.push_or_wait(Job.get_by_id(job.id))

    def _run(self, job: Job) -> bool:
        """Whether the job goes on in another lane."""
        try:
            outcome = BODIES[job.kind](job, self._tell_for(job))
            finish(job, outcome)
        except Stopping:
            leases.give_back(job)
        except jobs.Again as later:
            leases.postpone(job, later)
        except jobs.Onward as onward:
            if leases.pass_on(job, onward):
                return True
            fail(job, Canceled("You canceled this job."))
        except Exception as error:
            fail(job, error)
        return False

    def _tell_for(self, job: Job) -> Tell:
        """What the body calls while it works: writes progress when it moved, and raises when it should end."""
        shown = (-1, "")

        def tell(fraction: float, message: str) -> None:
            nonlocal shown
            if self._stopping.is_set():
                raise Stopping
            now = (int(fraction * 100 * _KEEPING_AT), message)
            if now != shown:
                with store.write():
                    leases.tell(job, "processing", fraction * _KEEPING_AT, message)
                shown = now
            elif leases.is_lost(job):
                raise Canceled("You canceled this job.")

        return tell

    def _beat(self) -> None:
        while not self._stopping.wait(BEAT_S):
            with _logged("heartbeat"):
                leases.extend(self.owner, list(self._held))

    def _sweep(self) -> None:
        due = {sweep: 0.0, expire: 0.0, tidy: 0.0}
        every = {sweep: SWEEP_S, expire: EXPIRE_S, tidy: TIDY_S}
        while not self._stopping.wait(SWEEP_S):
            for task, at in due.items():
                if time.monotonic() >= at:
                    with _logged(task.__name__):
                        task()
                    due[task] = time.monotonic() + every[task]

    def _poll(self) -> None:
        """Ask payment providers, which may take long to answer: apart from the sweep, that nobody waits for them."""
        while not self._stopping.wait(POLL_S):
            with _logged("poll of payments"):
                payments.poll()
                payments.forget_ended()
                reload.follow()

    def _follow(self) -> None:
        self._standing.keep_following(self._stopping)


def take(settings: Settings) -> None:
    """Work by these settings from now on; a job that runs goes on as it began."""
    trim.codecs = sources.codecs = settings.cut_codecs
    mail.take(settings)
    targets.loopback_ports = frozenset(settings.webhook_loopback_ports)
    payments.open(settings)
    engines.take(settings)


def finish(job: Job, outcome: Outcome) -> None:
    """Keep the bytes, then in one transaction: list the clips, settle, complete. Then ring for what follows."""
    with store.write():
        leases.tell(job, "uploading", _KEEPING_AT, "Saving the result")
    clips = [library.keep(job, made) for made in outcome.made]
    is_complete = False
    try:
        is_complete = _complete(job, outcome, clips)
    finally:
        if not is_complete:  # taken over in the last moment, or it broke: nobody may see what this attempt made
            for clip in clips:
                library.drop(clip)
    if is_complete:
        for follower in outcome.then:
            jobs.push_or_wait(follower)


def _complete(job: Job, outcome: Outcome, clips: list[Clip]) -> bool:
    done = {"cost_cents": outcome.cents, "result": json.dumps(outcome.result)}
    with store.write():
        if not leases.end(job, "complete", progress=100, status_message=outcome.message, **done):
            return False
        for clip in clips:
            library.add(clip)
        settling.settle(job, outcome.cents)
        news.complete(job, clips, outcome.cents)
        return True


def fail(job: Job, error: Exception) -> None:
    """Refund, and say why: our own words for a refusal, a plain apology for a bug."""
    refusal = jobs.failure(error)
    if refusal is None:
        _log.error("job %s (%s) broke", job.id, job.kind, exc_info=error)
        refusal = FastClipError(INTERNAL)
    said = refusal.message
    with store.write():
        owed = OWED[job.kind](job) if job.kind in OWED else 0
        if not leases.end(job, "failed", error=said, error_code=refusal.code, status_message=said, cost_cents=owed):
            return
        settling.settle(job, owed)
        news.failed(job, refusal, owed)
    if job.kind in AFTER_FAILURE:
        AFTER_FAILURE[job.kind](job, refusal)


def sweep() -> None:
    """Take up what dead workers left: start it again, or fail it after the third attempt. Ring for the unheard."""
    for job in leases.lapsed():
        if job.is_cancel_asked:
            fail(job, Canceled("You canceled this job."))
        elif leases.requeue(job):
            _log.warning("job %s lost its worker (attempt %s); starting it again", job.id, job.attempt)
            jobs.push_or_wait(job)
        elif job.attempt >= leases.MAX_ATTEMPTS:
            fail(job, FastClipError("This job was interrupted three times and was given up.", code="worker_lost"))
    for job in leases.unheard():
        jobs.push_or_wait(job)


def expire() -> None:
    """End uploads, clips, sessions and links whose time is over."""
    sources.expire()
    retention.expire()
    transcript.forget()
    analyze.forget()
    auto.forget()
    sessions.forget_old()
    tickets.forget_old()
    answers.forget_old()
    invites.forget()
    members.finish_closing()
    leases.forget_workers()
    deliveries.forget()
    mail.forget()


def tidy() -> None:
    """Remove bytes that no row points at, and what writers that died left behind."""
    retention.drop_orphans()
    share.forget()
    uploads.drop_orphans()
    store.blobs.tidy()
    analyze.tidy()
    backup.make_daily(store.temp_dir.parent)


def _sweep_temp(job: Job | None = None) -> None:
    """Delete half-made files: a job's own when it ended, and any that is older than a day."""
    for path in store.temp_dir.iterdir():
        is_old = path.stat().st_mtime < time.time() - rules.DAY
        if (job is not None and path.name.startswith(f"{job.id}.")) or (job is None and is_old):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


@contextlib.contextmanager
def _logged(what: str) -> Iterator[None]:
    """A loop of this worker outlives its accidents; they are logged and tried again at the next round."""
    try:
        yield
    except Exception:
        _log.exception("%s failed; it is tried again", what)
