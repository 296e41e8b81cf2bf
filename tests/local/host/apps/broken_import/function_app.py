"""An app that imports what is not there."""

import azure.functions as func
import no_such_package_anywhere  # type: ignore[import-not-found]  # noqa: F401 - the point of this app

app = func.FunctionApp()
