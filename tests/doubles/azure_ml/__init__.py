"""A double of Azure Resource Manager and Azure ML on loopback, for the unmodified azure-ai-ml SDK.

It proves the shape of what goes over the wire, not the service's behaviour: every body is held against the SDK's own
generated models, references must lead to what is there, and an unknown call fails the test.
"""

from tests.doubles.azure_ml.double import AzureMlDouble
from tests.doubles.azure_ml.messages import Answer, Request

__all__ = ["Answer", "AzureMlDouble", "Request"]
