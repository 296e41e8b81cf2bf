"""What the storage setting may be, and what it leads to."""

import pytest

from shared.errors import ConfigurationError, TransientError
from shared.storage.account import blob_service, table_endpoint, table_service
from shared.storage.blobs import AzureBlobStore
from shared.storage.inbox import TableInbox

_DOWN = (
    "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;"
    "BlobEndpoint=http://127.0.0.1:9/a;TableEndpoint=http://127.0.0.1:9/a;"
)


@pytest.mark.parametrize(
    ("blob", "table"),
    [
        ("https://acme.blob.core.windows.net", "https://acme.table.core.windows.net"),
        ("https://acme.blob.core.windows.net/", "https://acme.table.core.windows.net"),
        ("https://acme.blob.core.chinacloudapi.cn/", "https://acme.table.core.chinacloudapi.cn"),
        ("https://acme.z12.blob.storage.azure.net", "https://acme.z12.table.storage.azure.net"),
    ],
)
def test_the_table_endpoint_is_derived_from_the_blob_endpoint(blob: str, table: str) -> None:
    """One URL in the settings is enough, in any cloud."""
    assert table_endpoint(blob) == table
    assert table_service(blob).url.rstrip("/") == table
    assert blob_service(blob).url.rstrip("/") == blob.rstrip("/")


@pytest.mark.parametrize("url", ["https://files.example.com", "http://acme.blob.core.windows.net", "https://.blob.x"])
def test_a_url_that_nothing_can_be_derived_from_is_refused_with_the_remedy(url: str) -> None:
    """A custom domain or an unencrypted URL is a configuration error, not a failed call later."""
    with pytest.raises(ConfigurationError, match=r"https://ACCOUNT\.blob\.core\.windows\.net"):
        table_endpoint(url)


@pytest.mark.parametrize("service", [blob_service, table_service])
def test_an_unusable_connection_string_is_refused_without_being_repeated(service: object) -> None:
    """The message says what is wrong, and does not leak the secret."""
    assert callable(service)
    with pytest.raises(ConfigurationError) as caught:
        service("AccountName=a;AccountKey=;Secret-c2VjcmV0")
    assert "c2VjcmV0" not in str(caught.value)


@pytest.mark.timeout(30)
def test_a_storage_service_that_is_down_is_transient() -> None:
    """Nobody listens: blobs and tables give up within seconds (the timeout above), and say what they tried."""
    with pytest.raises(TransientError, match=r"could not read a\.csv in container 'data'"):
        AzureBlobStore(_DOWN, "data").read("a.csv")
    with pytest.raises(TransientError, match="could not read a row of table 'deliveries'"):
        TableInbox(_DOWN).get("storage", "k")


def test_clients_are_shared() -> None:
    """One client per account and process, however many stores are made."""
    assert blob_service(_DOWN) is blob_service(_DOWN)
    assert table_service(_DOWN) is table_service(_DOWN)
