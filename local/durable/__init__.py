"""The embedded durable engine: orchestrations, entities, timers and events in one SQLite file, for one process.

It speaks the gRPC and base64 contract of the Durable Functions SDK (`durabletask` 1.12), so an app cannot tell it from
a real backend. How a call travels:

- `servicer` answers the durable client's gRPC calls (`rpc` says how) and asks the `engine`;
- `engine` with its `api` is what callers see; `machinery` holds what runs behind it;
- `commits` runs changes (`instances`, `turn`, `actions`, `rewind`, `entities`) in group-committed transactions, and
  says so when the `storage` is in trouble;
- `dispatcher` gives out, under leases, the work that a commit made ready; `runner` carries it out through a
  `worker.FunctionWorker`, within the `limits`; `poison` counts what fails, and keeps what was given up;
- `timers` and `clock` bring in what becomes due, and can skip time;
- `reads` answers queries with the typed `records`, `instance_ids` says which ids there may be,
  and `stuck` tells what does not move.

SQLite is called directly on the event loop: a commit was measured at 45-319 µs, which a thread and its locking would
hardly save.
"""
