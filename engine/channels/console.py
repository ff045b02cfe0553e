"""The console: a readable block on a terminal, one JSON object a line anywhere else."""

from __future__ import annotations

import json
from threading import Lock
from typing import TYPE_CHECKING, TextIO

from engine.channels.one_line import one_line, tame
from engine.ports import LOCAL_CALL, Message, Sent, SentState

if TYPE_CHECKING:
    from engine.channels.options import Options, Surroundings


class ConsoleChannel:
    """Writes messages where somebody watches; good for trying rules out."""

    longest_call = LOCAL_CALL

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
                self._stream.write(_encodable(shown, self._stream))
                self._stream.flush()
        except (OSError, ValueError) as error:  # a pipe that nobody reads; a closed stream
            return Sent(SentState.RETRY, reason=f"cannot write to the console: {error}")
        return Sent(SentState.DELIVERED, receipt=message.key)

    def close(self) -> None:
        """Nothing to let go of: the stream is its owner's."""

    def _line(self, message: Message) -> str:
        # The stream may be the one of the logs, whose readers expect an object with an event.
        document = {
            "event": "message.shown",
            "channel": self.name,
            "to": one_line(message.to),
            "subject": one_line(message.subject),
            "text": tame(message.text),
            "facts": dict(message.facts),
        }
        return json.dumps(document, ensure_ascii=False) + "\n"

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


def _encodable(text: str, stream: TextIO) -> str:
    """The text as far as the stream's encoding goes, the rest as escapes."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def from_options(options: Options, around: Surroundings) -> ConsoleChannel:
    """Build one from the config file; it has no options."""
    return ConsoleChannel(options.channel, around.stream)
