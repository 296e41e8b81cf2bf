"""OpenTelemetry: spans from delivery to last effect.

`configure` says where spans go, `span` makes one, `traceparent` is what travels in an input. OpenTelemetry itself is
loaded at first use.
"""

from shared.telemetry.setup import configure
from shared.telemetry.spans import span, traceparent

__all__ = ["configure", "span", "traceparent"]
