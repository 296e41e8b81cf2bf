"""A self-signed certificate for 127.0.0.1: azure-ai-ml accepts plain http by halves only."""

import datetime as dt
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAYS = 30


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate and its key, PEM, in a folder: the ones that are there, or new ones.

    Clients trust the certificate as their CA, and go on to do so when the double is started again.
    """
    certificate, key_file = folder / "ca.pem", folder / "key.pem"
    if _is_good(certificate) and key_file.exists():
        return certificate, key_file
    key = ec.generate_private_key(ec.SECP256R1())
    certificate.write_bytes(_builder(key).sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    key_file.touch(mode=0o600)
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, key_file


def _is_good(certificate: Path) -> bool:
    """Whether there is one that lasts for another day."""
    if not certificate.exists():
        return False
    left = x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc - dt.datetime.now(dt.UTC)
    return left > dt.timedelta(days=1)


def _builder(key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Azure ML double")])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,  # it is its own CA
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=_DAYS))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(usage, critical=True)
    )
