"""Where the provider's behaviour is unknown or may vary, a switch says what the simulator does."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "default_status": ("not_deleted", "active"),
    "phone_format": ("none", "us_dashes", "digits"),
    "international_phones": ("kept", "ignored"),
    "unknown_custom_fields": ("refused", "ignored"),
    "too_long": ("error", "cut"),
    "import_of_unsubscribed": ("fields_kept", "fields_updated"),
    "import_of_deleted": ("revived", "left"),
    "revived_permission": ("kept", "implicit"),
    "address_merge": ("by_part", "whole"),
    "activity_end": ("completed", "failed", "timed_out", "cancelled", "never"),
    "throttle_body": ("object", "array"),
    "refresh_tokens": ("rotating", "long_lived"),
    "import_blanks": ("ignored", "cleared"),
    "truncated_body": ("dropped", "refused"),
    "application": ("active", "off"),
    "forbidden_body": ("object", "array", "message"),
    "put_without_email": ("kept", "removed"),
    "custom_field_types": ("all", "string_and_date"),
}


@dataclasses.dataclass(frozen=True)
class Switches:
    """The simulator's variable behaviour. A plain `Simulator()` has these values."""

    index_lag_seconds: float = 0.0
    """GET /contacts shows a write only so much later; GET by id shows it at once."""
    newest_first: bool = True
    """The order of GET /contacts, which isn't documented."""
    after_is_inclusive: bool = False
    """Whether updated_after and its like include the very second."""
    default_status: str = "not_deleted"
    """What GET /contacts shows without a status: documentation and staff differ."""

    phone_format: str = "none"
    international_phones: str = "kept"
    """Documentation: "International phone numbers are currently not supported"."""
    fold_names: bool = False
    """Show first and last names with a capital first letter in each word."""
    trim: bool = False
    """Take blanks off both ends of every value."""

    abbreviate_states: bool = False
    """Show a US state by its two letters: "Illinois" becomes "IL"."""
    lower_case_addresses: bool = False
    """Store e-mail addresses in lower case, as the first version of the API did."""

    signup_abuse_most: int = 0
    """How often an address may be written in 24 hours, else it is refused for 48; 0: as often as one likes."""
    signup_abuse_counts_imports: bool = False
    """Whether imports count as such writes, and are refused; nobody has said so."""

    put_without_email: str = "kept"
    """What a PUT that leaves out email_address does to it; documentation doesn't say."""
    refuse_dots_in_first_name: bool = False
    """Whether PUT and sign_up_form refuse a first name like "K.C."; imports never do."""
    confirmed_opt_in: bool = False
    """The account's setting: who comes new by sign_up_form has to confirm first."""
    custom_field_types: str = "all"
    """Which types an account may define; some accounts know text and date only."""
    custom_fields_most: int = 25
    """How many custom fields a contact may have: the contract says 25 here and 50 there."""

    import_blanks: str = "ignored"
    """Whether a blank or null in an import leaves a field alone or clears it."""
    truncated_body: str = "dropped"
    """What an import of more than 4 MB comes to: the rest is dropped silently, or all of it is refused."""
    total_counts_header: bool = True
    """Whether an import's items_total_count counts a header row, which JSON doesn't have."""
    imports_start_automations: bool = False
    """Whether joining a list by import starts that list's automations; the state counts them."""
    import_email_max: int = 50
    """Addresses beyond it are correctable errors; the contract says 50 for imports, 80 elsewhere."""
    unknown_custom_fields: str = "refused"
    too_long: str = "error"
    import_of_unsubscribed: str = "fields_kept"
    import_of_deleted: str = "revived"
    revived_permission: str = "kept"
    address_merge: str = "by_part"
    """by_part: an address keeps the parts that an import doesn't send; whole: it loses them."""

    list_change_touches: bool = False
    """Whether joining or leaving a list moves updated_at."""
    delete_touches: bool = False
    """Whether a deletion moves updated_at."""
    export_includes_deleted: bool = False
    """Whether an export without a status has the deleted."""

    application: str = "active"
    scopes: str = "contact_data,campaign_data,account_read,account_update,offline_access"
    """What was consented to; a token may no more than this."""
    privileges: str = "account:read,contacts:read,contacts:write,contacts:lists:read,contacts:lists:write"
    """What the user who consented may."""
    forbidden_body: str = "object"
    """The form of a 403, which isn't documented."""

    limits: bool = False
    per_second: int = 4
    per_day: int = 10_000
    queue_most: int = 1_000
    throttle_body: str = "object"
    """The form of a 429: documentation shows an object, other errors are arrays."""

    activity_seconds: float = 0.0
    """How long any activity takes."""
    activity_rows_per_second: float = 0.0
    """How fast it is beyond that; 0 is at once."""
    activity_end: str = "completed"
    """Any other end, or none, leaves the work undone."""

    token_seconds: float = 0.0
    """Life of an access token (the real one: 86,400); 0 is without end, so tests may advance by days."""
    refresh_tokens: str = "rotating"
    token_limit: bool = False
    """Whether the token endpoint answers once a second only, also where there are no other limits."""
    client_secret: str = ""
    """The API key's secret: with one the token endpoint wants Basic authentication, without one the client's id."""
    device_interval_seconds: int = 5
    """How often a device may ask whether it was approved."""
    device_approval_polls: int = 0
    """At which poll a device is approved by itself; 0: only by its page or the side door."""

    @classmethod
    def at_speed(cls, speed: str) -> Self:
        """Begin as fast as the machine allows, or as slow and limited as the provider is."""
        if speed not in {"fast", "real"}:
            raise ValueError(f"speed is fast or real, not {speed!r}")
        if speed == "fast":
            return cls()
        return cls(
            limits=True, activity_seconds=1.0, activity_rows_per_second=2_000.0, token_seconds=86_400.0,
            signup_abuse_most=5,
        )  # fmt: skip

    def turned(self, changes: Mapping[str, object]) -> Self:
        """Turn some switches; ValueError names one that isn't there or a value that doesn't fit."""
        fitting: dict[str, Any] = {name: self._fitting(name, value) for name, value in changes.items()}
        return dataclasses.replace(self, **fitting)

    @classmethod
    def read(cls, settings: Iterable[str]) -> dict[str, object]:
        """Read switches as a command line has them, KEY=VALUE; ValueError says which doesn't fit, and how."""
        plain = cls()
        return {name: plain._read(name, text) for name, _, text in (each.partition("=") for each in settings)}

    def _read(self, name: str, text: str) -> object:
        current = getattr(self, name, None) if name in self.__dataclass_fields__ else None
        if isinstance(current, bool):
            return self._fitting(name, {"true": True, "false": False}.get(text.lower(), text))
        try:
            value = type(current)(text) if isinstance(current, int | float) else text
        except ValueError:
            value = text
        return self._fitting(name, value)

    def _fitting(self, name: str, value: object) -> object:
        current = getattr(self, name, None)
        if name not in self.__dataclass_fields__ or current is None:
            raise ValueError(f"no switch {name!r}; there are {', '.join(self.__dataclass_fields__)}")
        if name in CHOICES and value not in CHOICES[name]:
            raise ValueError(f"{name} is one of {', '.join(CHOICES[name])}, not {value!r}")
        if isinstance(current, float) and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if type(value) is not type(current):
            raise ValueError(f"{name} is a {type(current).__name__}, not {value!r}")
        return value
