"""The embedded durable engine: orchestrations, entities, timers and events in one SQLite file, for one process.

It speaks the gRPC and base64 contract of the Durable Functions SDK (`durabletask` 1.12), so an app cannot tell it from
a real backend. How a call travels:

- `servicer` answers the durable client's gRPC calls and asks the `engine`;
- `engine` composes all the rest and is the API for the local host;
- `commits` runs changes (`instances`, `turn`, `actions`, `entities`) in group-committed transactions;
- `dispatcher` starts the work that a commit made ready, `runner` carries it out through a `worker.FunctionWorker`;
- `timers` and `clock` bring in what becomes due, and can skip time;
- `reads` answers queries with the typed `records`.

SQLite is called directly on the event loop: a commit was measured at 45-319 µs, which a thread and its locking would
hardly save.
"""
