"""Telling systemd that we are ready and alive; nothing where it did not start us."""

from __future__ import annotations

import sdnotify


class Supervisor:
    """The notify protocol of systemd (sd_notify(3)): ready once, alive from the evaluation loop."""

    def __init__(self) -> None:
        self._notifier = sdnotify.SystemdNotifier()
        self._is_ready = False

    def ready(self) -> None:
        """The first good evaluation is done, or a reload is."""
        if not self._is_ready:
            self._is_ready = True
            self._notifier.notify("READY=1")

    def alive(self) -> None:
        """Feed the watchdog: the evaluation loop has come round."""
        self._notifier.notify("WATCHDOG=1")

    def reloading(self) -> None:
        """The rules are being read again."""
        self._is_ready = False
        self._notifier.notify("RELOADING=1")

    def stopping(self) -> None:
        """No more ticks; what is under way is being finished."""
        self._notifier.notify("STOPPING=1")
