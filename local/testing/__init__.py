"""A kit for the tests of any Durable Functions app: it runs in the test's own process, on the embedded engine.

- `app`: `TestApp` runs an app's orchestrators, entities and activities, with a clock that can skip time;
- `functions`: what an app registers, read from its folder, from its `DFApp`, or written down in a test;
- `sdk_worker`: runs them as Azure does, through the SDK's own execution core;
- `chaos`: drops, doubles, delays and reorders what travels, by a seed; `kill` ends a process at its n-th write;
- `recording`, `record`, `replay`: histories as files, and whether today's code still takes their way.

Nothing here knows Signalbox.
"""
