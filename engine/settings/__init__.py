"""The config file: connections, secrets' places and limits; policy lives in the rule files.

The daemon reads it once, at its start.
"""

from engine.secret import Secret
from engine.settings.channels import ChannelOptions
from engine.settings.loading import SettingsError, load_settings
from engine.settings.model import CustomerLimits, LogOptions, Replay, Settings

__all__ = [
    "ChannelOptions",
    "CustomerLimits",
    "LogOptions",
    "Replay",
    "Secret",
    "Settings",
    "SettingsError",
    "load_settings",
]
