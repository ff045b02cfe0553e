"""Telling systemd that we are ready and alive; nothing where it did not start us."""

from __future__ import annotations

import os

import sdnotify


class Supervisor:
    """The notify protocol of systemd (sd_notify(3)): ready once, alive from the evaluation loop."""

    def __init__(self) -> None:
        is_listening = "NOTIFY_SOCKET" in os.environ
        self._notifier = sdnotify.SystemdNotifier() if is_listening else None
        self._is_ready = False

    def ready(self) -> None:
        """The first good evaluation is done."""
        if not self._is_ready:
            self._is_ready = True
            self._notify("READY=1")

    def alive(self) -> None:
        """Feed the watchdog: the evaluation loop has come round."""
        self._notify("WATCHDOG=1")

    def reloading(self) -> None:
        """The rules are being read again; `reloaded` must follow."""
        if self._is_ready:
            self._notify("RELOADING=1")

    def reloaded(self) -> None:
        """The rules have been read, whatever came of it."""
        if self._is_ready:
            self._notify("READY=1")

    def stopping(self) -> None:
        """No more ticks; what is under way is being finished."""
        self._notify("STOPPING=1")

    def _notify(self, state: str) -> None:
        if self._notifier is not None:
            self._notifier.notify(state)
