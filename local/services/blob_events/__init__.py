"""Turn arrivals in Azurite into ``BlobCreated`` events and deliver them as Azure Event Grid does.

``arrivals`` sees new and replaced blobs, ``outbox`` keeps their events in SQLite until they are delivered, ``delivery``
posts them with Event Grid's headers, retries and dead-lettering, ``app`` is the control port. Run it with
``python -m local.services.blob_events``.
"""
