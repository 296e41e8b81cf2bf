"""What stands in front of the app: keys of the Functions host, or App Service authentication."""

import os


def token_is_asked_for() -> bool:
    """Whether App Service authentication is there and says who calls: the host would ask for a key beside it.

    A binding is fixed when it is registered, so this is read then. The platform says the second itself; where it does
    not, a key is asked for, and whoever has none cannot write the header in which the platform says who calls.
    """
    told = os.environ.get("SIGNALBOX_AUTHENTICATION"), os.environ.get("WEBSITE_AUTH_ENABLED", "").lower()
    return told == ("entra", "true")
