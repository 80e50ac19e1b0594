"""Which installation a command speaks to: the folder, the addresses, the settings.

The folder is `--data`, else MEMBERSTREAM_DATA, else `.memberstream`. Addresses that the environment
names come before the platform that `memberstream up` started in the folder.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from cli.trouble import Trouble
from local.platform import VARIABLES, Addresses, Platform
from local.process import PlatformError
from sinks.settings import Settings as ViewSettings
from sinks.settings import read_settings as read_view_settings
from streams.settings import Settings, read_settings

FOLDER = Path(".memberstream")
DATA = "MEMBERSTREAM_DATA"


class Marker(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the folder is for; the file shows that the folder is ours, so that it may be erased."""

    clock: bool = True  # False: a replay is the clock
    demo_orders: int | None = None  # of the demo that the folder holds; 0: the whole year
    demo_seed: int | None = None
    demo_finished: bool = False


@dataclass(frozen=True)
class Installation:
    """One folder; nothing is read, started or connected before it is asked for."""

    folder: Path

    @classmethod
    def of(cls, data: Path | None = None) -> Installation:
        """The installation that a command means."""
        return cls((data or Path(os.environ.get(DATA) or FOLDER)).absolute())

    # ---- the folder ------------------------------------------------------------------------------

    @property
    def marker(self) -> Marker | None:
        """What the folder is for; none when nothing was started in it yet."""
        try:
            return msgspec.json.decode(self._marker_file.read_bytes(), type=Marker)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError as error:
            raise Trouble(
                f"{self._marker_file} cannot be read.",
                f"{error}.",
                "It was changed by hand or by another version: name another folder with --data.",
            ) from error

    def mark(self, marker: Marker) -> None:
        """Note what the folder is for."""
        self.check_ours()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            draft = self._marker_file.with_suffix(".draft")
            draft.write_bytes(msgspec.json.format(msgspec.json.encode(marker)))
            draft.rename(self._marker_file)
        except OSError as error:
            raise Trouble(
                f"The data folder {self.folder} cannot be written.",
                f"{error.strerror}.",
                f"Name another with --data or {DATA}.",
                exit_code=2,
            ) from error

    def erase(self) -> None:
        """Delete the folder with all that is in it. Raises `Trouble` when it is not ours."""
        if self.folder.exists():
            self.check_ours()
            shutil.rmtree(self.folder)

    def check_ours(self) -> None:
        """A folder with other things in it is neither used nor deleted. Raises `Trouble`."""
        if self.folder.is_dir() and self.marker is None and any(self.folder.iterdir()):
            raise Trouble(
                f"{self.folder} was not made by memberstream.",
                "It holds other things: there is no installation.json in it.",
                f"Name an empty or a new folder with --data or {DATA}.",
                exit_code=2,
            )

    @property
    def _marker_file(self) -> Path:
        return self.folder / "installation.json"

    # ---- the addresses ---------------------------------------------------------------------------

    @property
    def embedded(self) -> bool:
        """True when no address is named in the environment."""
        return not any(os.environ.get(variable) for variable in VARIABLES.values())

    @cached_property
    def platform(self) -> Platform:
        """The parts in the folder. Raises `Trouble` where there are none."""
        if not (self.folder / "platform").exists():
            raise Trouble(
                "There is no platform here.",
                f"The folder {self.folder} holds none, and {VARIABLES['kafka']} is not set.",
                "Start one: memberstream up. Or name yours: memberstream settings lists the "
                "variables.",
            )
        return Platform(self.folder / "platform")

    def start_platform(self) -> Addresses:
        """Start the parts in the folder, or nothing when addresses are named."""
        if not self.embedded:
            return self.addresses
        platform = Platform(self.folder / "platform")
        self.__dict__["platform"] = platform
        return platform.start()

    @property
    def addresses(self) -> Addresses:
        """Where all parts are."""
        return Addresses(**{part: self.address(part) for part in VARIABLES})

    def address(self, part: str) -> str:
        """Where one part is. Raises `Trouble` when only others are named, or nothing was started."""
        if self.embedded:
            return str(getattr(self.platform.addresses, part))
        found = os.environ.get(VARIABLES[part], "")
        if not found:
            raise Trouble(
                f"{VARIABLES[part]} is not set.",
                "Addresses of other parts are named in the environment, so none is started here.",
                f"Set it too, or none of {', '.join(VARIABLES.values())}.",
                exit_code=2,
            )
        return found

    # ---- the settings ----------------------------------------------------------------------------

    def settings(self, **given: Any) -> Settings:
        """A worker's settings. Raises `SettingsRefused`."""
        return read_settings(kafka=self.address("kafka"), data=self.folder, **given)

    @cached_property
    def view_settings(self) -> ViewSettings:
        """A sink's settings, which are a reader's too. Raises `sinks.ending.Refused`."""
        return self.views_in("postgres", "redis")

    def views_in(self, *parts: str) -> ViewSettings:
        """The same, where only some parts must be named. Raises `sinks.ending.Refused`."""
        return read_view_settings(
            kafka=self.address("kafka"), **{part: self.address(part) for part in parts}
        )

    def environment(self, **extra: str) -> dict[str, str]:
        """Variables for processes of this installation; what is set already is kept."""
        own = self.addresses.environment() | {DATA: str(self.folder)}
        return {**os.environ, **own, **extra}

    @property
    def platform_running(self) -> bool:
        """True when parts run in the folder."""
        with suppress(PlatformError, Trouble):
            return any(part.server.running for part in self.platform.parts)
        return False
