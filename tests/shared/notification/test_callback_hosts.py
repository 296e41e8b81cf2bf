"""Callbacks go to hosts of a list, at addresses out in the world, and a refusal never tells the secret."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import PermanentError
from shared.notification.callback_hosts import (
    PUBLIC_HOSTS,
    CallbackTarget,
    check_addresses,
    check_uri,
    parse_hosts,
)

PUBLIC = parse_hosts(PUBLIC_HOSTS)
LAPTOP = parse_hosts(f"{PUBLIC_HOSTS}, http://127.0.0.1:8080")
SECRET = "s3cret-of-the-activity"
GOOD = "https://dpeastus.svc.datafactory.azure.com"


@pytest.mark.parametrize(
    ("uri", "authority"),
    [
        (f"{GOOD}/dataplane/workflow/callback/1?sig={SECRET}", "dpeastus.svc.datafactory.azure.com"),
        (f"{GOOD.upper().replace('HTTPS', 'https')}/x", "dpeastus.svc.datafactory.azure.com"),
        (f"{GOOD}:4443/x", "dpeastus.svc.datafactory.azure.com:4443"),
        ("https://demand.dev.azuresynapse.net/x", "demand.dev.azuresynapse.net"),
        ("http://127.0.0.1:8080/x", "127.0.0.1:8080"),
    ],
)
def test_hosts_on_the_list_are_called(uri: str, authority: str) -> None:
    """One name below a listed host, at its port, in whatever case; and a trusted origin as it is."""
    assert check_uri(uri, LAPTOP).authority == authority


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        (f"https://evil.example/{SECRET}", "evil.example is not on the list"),
        (f"https://svc.datafactory.azure.com/{SECRET}", "is not on the list"),
        (f"https://a.eastus.airflow.svc.datafactory.azure.com/{SECRET}", "is not on the list"),
        (f"https://dp.svc.datafactory.azure.com.evil.example/{SECRET}", "is not on the list"),
        (f"https://evilsvc.datafactory.azure.com/{SECRET}", "is not on the list"),
        (f"{GOOD}:8443/{SECRET}", ":8443 is not on the list"),
        (f"{GOOD}./{SECRET}", "its host is no name"),
        (f"{GOOD}:0x1bb/{SECRET}", "it is no URI"),
        (f"http://dpeastus.svc.datafactory.azure.com/{SECRET}", "does not begin with https://"),
        (f"ftp://dpeastus.svc.datafactory.azure.com/{SECRET}", "does not begin with https://"),
        (f"https://user:{SECRET}@dpeastus.svc.datafactory.azure.com/", "neither a user, a password"),
        (f"https://dpeastus.svc.datafactory.azure.com@evil.example/{SECRET}", "neither a user, a password"),
        (f"{GOOD}/x#{SECRET}", "nor a fragment"),
        (f"https://169.254.169.254/{SECRET}", "its host is no name"),
        (f"https://[::1]/{SECRET}", "its host is no name"),
        (f"https://[::1/{SECRET}", "it is no URI"),
        (f"https://2130706433/{SECRET}", "its host is no name"),
        (f"https://0x7f.1/{SECRET}", "its host is no name"),
        (f"{GOOD}\\@evil.example/{SECRET}", "printable ASCII"),
        (f"{GOOD}/ {SECRET}", "printable ASCII"),
        (f"{GOOD}/\r\nHost: evil/{SECRET}", "printable ASCII"),
        (f"https://dpeastus。svc.datafactory.azure.com/{SECRET}", "printable ASCII"),
        (f"{GOOD}/{SECRET}{'x' * 5000}", "at most 4096"),
        (f"http://127.0.0.1:8081/{SECRET}", "does not begin with https://"),
        (f"https://127.0.0.1:8080/{SECRET}", "its host is no name"),
        (f"//evil.example/{SECRET}", "does not begin with https://"),
        (SECRET, "it needs a host"),
        ("", "printable ASCII"),
    ],
)
def test_everything_else_is_refused_without_telling_the_secret(uri: str, told: str) -> None:
    """The reason has the host at most."""
    with pytest.raises(PermanentError) as caught:
        check_uri(uri, LAPTOP)
    assert caught.value.code == "CallbackNotAllowed"
    assert told in caught.value.message
    assert SECRET not in caught.value.message


@given(st.text(max_size=60))
def test_no_text_is_anything_but_allowed_or_refused(text: str) -> None:
    """Whatever comes, nothing else is raised, and what is allowed is on the list."""
    for uri in (text, f"https://{text}", f"{GOOD}{text}", f"https://{text}.svc.datafactory.azure.com/x"):
        try:
            target = check_uri(uri, PUBLIC)
        except PermanentError:
            continue
        assert target.host.endswith((".svc.datafactory.azure.com", ".dev.azuresynapse.net"))
        assert (target.scheme, target.port in (443, 4443)) == ("https", True)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.4", "172.16.0.1", "192.168.1.1", "169.254.169.254", "168.63.129.16", "100.64.0.1",
        "0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1",
        "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:7f00:1::",
        "2001:db8::1",
    ],
)  # fmt: skip
def test_no_address_that_is_not_out_in_the_world(address: str) -> None:
    """Private, loopback, link-local, the platform's own, and those that hide one of them; one of many is enough."""
    target = check_uri(f"{GOOD}/{SECRET}", PUBLIC)
    for addresses in ([address], ["20.42.0.1", address]):
        with pytest.raises(PermanentError) as caught:
            check_addresses(target, addresses)
        assert SECRET not in caught.value.message


def is_called(target: CallbackTarget, *addresses: str) -> bool:
    """Whether a host that has these addresses is called."""
    try:
        check_addresses(target, addresses)
    except PermanentError:
        return False
    return True


def test_public_addresses_are_called() -> None:
    """Of both families, also right beside what is kept from us; and a trusted origin at whatever address."""
    listed, trusted = check_uri(f"{GOOD}/x", PUBLIC), check_uri("http://127.0.0.1:8080/x", LAPTOP)
    public = {
        "20.42.0.1", "2603:1030::1", "64:ff9b::142a:1",
        "168.63.129.17", "172.32.0.1", "100.128.0.1", "169.253.255.255", "128.0.0.1",
    }  # fmt: skip
    private = {"168.63.129.16", "172.31.255.255", "100.127.255.255", "169.254.0.1", "127.255.255.255"}
    assert {address for address in public | private if is_called(listed, address)} == public
    assert is_called(listed, *public)
    assert {address for address in public | private if is_called(trusted, address)} == public | private


@pytest.mark.parametrize(
    "text",
    ["*", "*.com*", "*.*.example.com", "10.0.0.1", "localhost", "dp.example.com:0", "dp.example.com:x",
     "a b.example.com", "http://127.0.0.1:8080/path", "http://u@127.0.0.1", "ftp://127.0.0.1", "https://*.example.com", "http://[::1"],
)  # fmt: skip
def test_an_entry_that_cannot_be_meant_is_named(text: str) -> None:
    """It stops the app at its start."""
    with pytest.raises(ValueError, match=r"write|no origin") as caught:
        parse_hosts(f"dp.example.com, {text}")
    assert text in str(caught.value)
