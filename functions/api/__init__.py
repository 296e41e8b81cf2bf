"""The HTTP API as it is described: what each route takes, what it answers, and the OpenAPI document made of that."""
