"""A simulated Constant Contact V3 account, stateful, behind a real HTTP server.

What it can't do: it has no tags, notes, segments, SMS or campaigns; it sends no mail; of the API's writes it
knows contacts_json_import and contact_exports only, and refuses the others by name. Where the provider's
behaviour is undocumented, a switch says what it does (`switches.py`). Its side door is apart from the API's
paths, under /_control.
"""

from __future__ import annotations

from reconciler.simulator.side_door import SideDoor as SideDoor
from reconciler.simulator.side_door import SideDoorError as SideDoorError
from reconciler.simulator.simulator import Simulator as Simulator
from reconciler.simulator.simulator import serve as serve
from reconciler.simulator.switches import Switches as Switches
