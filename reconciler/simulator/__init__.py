"""A simulated Constant Contact V3 account, stateful, behind a real HTTP server.

What it does and doesn't do, its switches and its faults: docs/reference/simulator.md. Where the provider's behaviour
is undocumented, a switch says what it does (`switches.py`). Its side door is apart from the API's paths, under
/_control.
"""

from __future__ import annotations

from reconciler.simulator.side_door import SideDoor as SideDoor
from reconciler.simulator.side_door import SideDoorError as SideDoorError
from reconciler.simulator.simulator import Simulator as Simulator
from reconciler.simulator.simulator import serve as serve
from reconciler.simulator.switches import Switches as Switches
