"""Signals that mean "stop", not "die": a process ends what it does, and then with code 0."""

import signal
import threading


def stop(should_stop: threading.Event) -> None:
    """From now on SIGTERM and SIGINT set `should_stop`. Nothing outside the main thread, where none can be had."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: should_stop.set())
