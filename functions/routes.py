"""Where the routes of models that share an endpoint lie. Both calls block, so activities use `run_blocking`."""

from pydantic import ValidationError

from functions import adapters
from shared.contracts.routes import ModelRoute
from shared.errors import PermanentError
from shared.names import route_path


def read_route(model: str) -> ModelRoute | None:
    """A model's route; `None` when it never had one, or somebody has written what cannot be read."""
    try:
        return ModelRoute.model_validate_json(adapters.data().read(route_path(model)))
    except ValidationError:
        return None
    except PermanentError as error:
        if error.code == "BlobNotFound":
            return None
        raise


def write_route(route: ModelRoute) -> None:
    """Replace a model's route as a whole: a client reads the former one or this."""
    text = route.model_dump_json().encode()
    adapters.data().write(route_path(route.model), text, content_type="application/json")
