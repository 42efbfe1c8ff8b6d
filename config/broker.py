"""The filesystem broker of the embedded default, whose messages are written whole or not at all.

Kombu's own leaves an empty file behind where the disk is full, and lets a worker take one that is still being written:
either breaks off whoever reads it.
"""

from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

from kombu.exceptions import ChannelError
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]  # Kombu's differ
        """Written under a name that no worker looks for; raises ChannelError."""
        file = Path(self.data_folder_out) / f"{round(monotonic() * 1000)}_{uuid4()}.{queue}.msg"
        unfinished = file.with_suffix(".tmp")
        try:
            unfinished.write_text(dumps(payload))
            unfinished.rename(file)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise ChannelError(f"The broker's message can't be written to {file.parent}") from error


class Transport(filesystem.Transport):
    Channel = Channel


def use_for_files() -> None:
    """Have it serve `filesystem://` in the place of Kombu's own."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"
