"""The whole local run: Azurite, MLflow, jobs, scoring, the Functions host and blob events, started and ended together.

``Stack`` is the library, ``python -m local.stack up`` the command.
"""

from local.stack.ports import Ports
from local.stack.stack import Stack
from local.stack.state import StackRunning

__all__ = ["Ports", "Stack", "StackRunning"]
