"""The keys that host.json may have, so that a mistyped one is told instead of silently having no effect.

From the reference of host.json (https://learn.microsoft.com/azure/azure-functions/functions-host-json) and the JSON
schema at https://json.schemastore.org/host. A section whose value is ``None`` is not looked into: its keys are free, or
belong to an extension that the local host does not serve.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

type Keys = Mapping[str, "Keys | None"]


def _leaves(text: str) -> dict[str, None]:
    return dict.fromkeys(text.split())


_STORAGE_PROVIDER = _leaves(
    "type connectionName connectionStringName controlQueueBatchSize controlQueueBufferThreshold"
    " controlQueueVisibilityTimeout FetchLargeMessagesAutomatically maxQueuePollingInterval partitionCount"
    " trackingStoreConnectionStringName trackingStoreNamePrefix useLegacyPartitionManagement"
    " useTablePartitionManagement workItemQueueVisibilityTimeout QueueClientMessageEncoding partitionManagement"
    " storageConnectionName eventHubsConnectionName taskEventBatchSize createDatabaseIfNotExists schemaName"
    " taskEventLockTimeout"
)
_DURABLE_TASK: Keys = {
    **_leaves(
        "hubName defaultVersion versionMatchStrategy versionFailureStrategy maxConcurrentActivityFunctions"
        " maxConcurrentOrchestratorFunctions maxConcurrentEntityFunctions maxEntityOperationBatchSize"
        " maxOrchestrationActions extendedSessionsEnabled extendedSessionIdleTimeoutInSeconds useAppLease"
        " useGracefulShutdown storeInputsInOrchestrationHistory useTablePartitionManagement"
        " overridableExistingInstanceStates entityMessageReorderWindowInMinutes localRpcEndpointEnabled"
        " maxGrpcMessageSizeInBytes grpcHttpClientTimeout rollbackEntityOperationsOnExceptions"
        " throwStatusExceptionsOnRaiseEvent appLeaseOptions httpSettings logReplayEvents"
    ),
    "storageProvider": _STORAGE_PROVIDER,
    "tracing": _leaves("traceInputsAndOutputs traceReplayEvents distributedTracingEnabled distributedTracingProtocol"
                       " version"),
    "notifications": None,
}  # fmt: skip
DURABLE_KEYS_SERVED = frozenset(
    _leaves(
        "hubName maxConcurrentActivityFunctions maxConcurrentOrchestratorFunctions maxConcurrentEntityFunctions"
        " overridableExistingInstanceStates storageProvider"
    )
)
"""Of extensions.durableTask: what has an effect here, or is told apart."""
_EXTENSIONS: Keys = {
    "http": {
        **_leaves("routePrefix maxConcurrentRequests maxOutstandingRequests dynamicThrottlesEnabled"),
        "hsts": None,
        "customHeaders": None,
    },
    "queues": _leaves(
        "maxPollingInterval visibilityTimeout batchSize maxDequeueCount newBatchThreshold messageEncoding"
    ),
    "blobs": _leaves("maxDegreeOfParallelism poisonBlobThreshold"),
    "durableTask": _DURABLE_TASK,
    **_leaves("cosmosDB dapr eventGrid eventHubs kafka mcp mySql openai rabbitMQ sendGrid serviceBus signalR sql"
              " storage tables webPubSub"),
}  # fmt: skip
_KEYS: Keys = {
    **_leaves("$schema version functions functionTimeout telemetryMode watchDirectories watchFiles aggregator"
              " applicationInsights concurrency customHandler languageWorker logging managedDependency singleton"
              " featureManagement openTelemetry sendCanceledInvocationsToWorker"),
    "extensionBundle": _leaves("id version"),
    "extensions": _EXTENSIONS,
    "healthMonitor": _leaves("enabled healthCheckInterval healthCheckWindow healthCheckThreshold counterThreshold"),
    "retry": _leaves("strategy maxRetryCount delayInterval minimumInterval maximumInterval"),
}  # fmt: skip
LOCAL_SETTINGS_KEYS: Keys = {
    "IsEncrypted": None,
    "Values": None,
    "ConnectionStrings": None,
    "Host": _leaves("LocalHttpPort CORS CORSCredentials Keys"),
}


def unknown_keys(document: Mapping[str, Any], keys: Keys = _KEYS, path: str = "") -> Iterator[str]:
    """A sentence for each key of ``document`` that the host does not know, with the nearest one that it does."""
    for key, value in document.items():
        where = f"{path}.{key}" if path else key
        if key not in keys:
            yield f"{where} is not a known setting and has no effect{_hint(key, keys)}"
        elif (section := keys[key]) is not None and isinstance(value, Mapping):
            yield from unknown_keys(value, section, where)


def _hint(key: str, keys: Keys) -> str:
    by_lower = {known.lower(): known for known in keys}
    near = get_close_matches(key.lower(), by_lower, n=1)
    return f"; did you mean {by_lower[near[0]]}?" if near else ""
