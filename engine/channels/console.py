"""The console: a readable block on a terminal, one line anywhere else."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Final, TextIO

from engine.channels.one_line import one_line, tame
from engine.ports import Message, Sent, SentState

if TYPE_CHECKING:
    from engine.channels.options import Options, Surroundings

_LINE_LENGTH: Final = 400
"""Characters of text on a line: enough to know what it is about."""


class ConsoleChannel:
    """Writes messages where somebody watches; good for trying rules out."""

    def __init__(self, name: str, stream: TextIO) -> None:
        """Write to `stream`, whose terminal-ness decides the form."""
        self.name = name
        self._stream = stream
        self._lock = Lock()

    def send(self, message: Message) -> Sent:
        """Show one message."""
        try:
            shown = self._block(message) if self._stream.isatty() else self._line(message)
            with self._lock:
                self._stream.write(shown)
                self._stream.flush()
        except (OSError, ValueError) as error:  # a pipe that nobody reads; a closed stream
            return Sent(SentState.RETRY, reason=f"cannot write to the console: {error}")
        return Sent(SentState.DELIVERED, receipt=message.key)

    def close(self) -> None:
        """Nothing to let go of: the stream is its owner's."""

    def _line(self, message: Message) -> str:
        text = one_line(message.text)
        if len(text) > _LINE_LENGTH:
            text = text[: _LINE_LENGTH - 1].rstrip() + "…"
        return f"[{self.name}] to {one_line(message.to)}: {one_line(message.subject)} | {text}\n"

    def _block(self, message: Message) -> str:
        from rich.console import Console  # noqa: PLC0415 (only a terminal pays for it)
        from rich.padding import Padding  # noqa: PLC0415
        from rich.rule import Rule  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        terminal = Console(file=self._stream, highlight=False, markup=False, emoji=False)
        with terminal.capture() as capture:
            terminal.print(Rule(Text(f"{self.name} → {one_line(message.to)}"), align="left"))
            terminal.print(Text(one_line(message.subject), style="bold"))
            terminal.print(Padding(Text(tame(message.text).strip()), (1, 0, 1, 2)))
        return capture.get()


def from_options(options: Options, around: Surroundings) -> ConsoleChannel:
    """Build one from the config file; it has no options."""
    return ConsoleChannel(options.channel, around.stream)
