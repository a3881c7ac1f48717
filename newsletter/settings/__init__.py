"""Settings: the environment, `.env` and content/*.toml in; frozen `Settings`, `Organisation`, `Newsletter`s out.

This room alone reads `os.environ`. A wrong value is a `ConfigError` that names the setting and the fix, all of them
at once. It must not know what the values are used for: it opens no database, no connection and no template.
"""

from newsletter.settings.content import load_holidays, load_newsletters, load_organisation
from newsletter.settings.environment import SANDBOX_API_KEY, SETTING_NAMES, Settings, load_settings
from newsletter.settings.keys import check_given_keys, ensure_keys, known_address_key
from newsletter.settings.values import is_loopback as on_this_machine

__all__ = [
    "SANDBOX_API_KEY",
    "SETTING_NAMES",
    "Settings",
    "check_given_keys",
    "ensure_keys",
    "known_address_key",
    "load_holidays",
    "load_newsletters",
    "load_organisation",
    "load_settings",
    "on_this_machine",
]
