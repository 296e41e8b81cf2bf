"""An app whose function has a parameter that no binding fills."""

import azure.functions as func

app = func.FunctionApp()


@app.route(route="x")
def lonely(req: func.HttpRequest, nobody: str) -> str:
    """Have one parameter too many."""
    return nobody
