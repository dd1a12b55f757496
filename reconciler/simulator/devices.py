"""The device flow (RFC 8628): a code is shown, somebody approves it elsewhere, the device asks until then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler.simulator.identifiers import Identifiers

if TYPE_CHECKING:
    from reconciler.simulator.switches import Switches

LIFE_SECONDS: Final = 600
SLOWER_SECONDS: Final = 5  # what slow_down adds, says RFC 8628
CODE_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
_CODE_LENGTH: Final = 64


@dataclass
class Device:
    """A device that waits for somebody's consent."""

    device_code: str
    user_code: str
    scopes: tuple[str, ...]
    ends: float
    interval: float
    asked: float = float("-inf")
    polls: int = 0
    decision: str = "pending"


class Devices:
    """The devices that wait, or waited."""

    def __init__(self, seed: str) -> None:
        self._identifiers = Identifiers(f"{seed}:devices")
        self._all: dict[str, Device] = {}
        self.grants = 0

    def begin(self, scopes: tuple[str, ...], now: float, switches: Switches) -> Device:
        """Let a device wait."""
        code = self._identifiers.letters(CODE_LETTERS, 8)
        device = Device(
            self._identifiers.token(_CODE_LENGTH), f"{code[:4]}-{code[4:]}", scopes, now + LIFE_SECONDS,
            switches.device_interval_seconds,
        )  # fmt: skip
        self._all[device.device_code] = device
        return device

    def find(self, user_code: str) -> Device | None:
        """Find a device by the code that it shows."""
        return next((each for each in self._all.values() if each.user_code == user_code.strip().upper()), None)

    def waiting(self, now: float) -> list[Device]:
        """List the devices about which nobody has decided yet."""
        return [each for each in self._all.values() if each.decision == "pending" and now < each.ends]

    def decide(self, user_code: str, action: str) -> Device:
        """Approve or deny; ValueError where there is no such device or decision."""
        device = self.find(user_code)
        if device is None or action not in {"approve", "deny"}:
            raise ValueError("user_code is that of a waiting device, and action is approve or deny")
        device.decision = {"approve": "approved", "deny": "denied"}[action]
        return device

    def poll(self, device_code: str, now: float, switches: Switches) -> tuple[str, tuple[str, ...]]:
        """Answer a device that asks: an error of RFC 8628, or "" and what was consented to, once."""
        device = self._all.get(device_code)
        if device is None:
            return "invalid_grant", ()
        if now >= device.ends:
            return "expired_token", ()
        if now - device.asked < device.interval:
            device.asked, device.interval = now, device.interval + SLOWER_SECONDS
            return "slow_down", ()
        device.asked, device.polls = now, device.polls + 1
        if switches.device_approval_polls and device.polls >= switches.device_approval_polls:
            device.decision = "approved" if device.decision == "pending" else device.decision
        return self._decided(device)

    def _decided(self, device: Device) -> tuple[str, tuple[str, ...]]:
        if device.decision == "pending":
            return "authorization_pending", ()
        del self._all[device.device_code]
        if device.decision == "denied":
            return "access_denied", ()
        self.grants += 1
        return "", device.scopes
