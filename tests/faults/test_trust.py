"""Fault 4: the other side can't prove that it is Constant Contact. Nothing is sent, and nobody may say "go on"."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.faults.gate import Gate

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.conftest import Acme

pytestmark = [pytest.mark.http, pytest.mark.broken_answer]
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Authority:
    """Who signs certificates; the program trusts it by SSL_CERT_FILE."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    name: x509.Name

    @classmethod
    def make(cls, folder: Path) -> Authority:
        made = cls(folder, ec.generate_private_key(ec.SECP256R1()), _named("Tests"))
        own = made._builder(made.name, made.key.public_key(), DAY).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            **dict.fromkeys(
                (
                    "content_commitment",
                    "key_encipherment",
                    "data_encipherment",
                    "key_agreement",
                    "encipher_only",
                    "decipher_only",
                ),
                False,
            ),
        )
        certificate = own.add_extension(usage, critical=True).sign(made.key, hashes.SHA256())
        made.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return made

    @property
    def file(self) -> Path:
        return self.folder / "authority.pem"

    def server(self, host: str = "127.0.0.1", *, ends_in: dt.timedelta = DAY) -> ssl.SSLContext:
        """What a server shows that this authority has signed."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
        signed = self._builder(_named(host), key.public_key(), ends_in).add_extension(names, critical=False)
        return self._context(signed.sign(self.key, hashes.SHA256()), key)

    def _builder(
        self, name: x509.Name, key: ec.EllipticCurvePublicKey, ends_in: dt.timedelta
    ) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.UTC)
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 10 * DAY)
            .not_valid_after(now + ends_in)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(authority, critical=False)
        )

    def _context(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> ssl.SSLContext:
        file = self.folder / "server.pem"
        form = serialization.PrivateFormat.PKCS8
        plain = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        file.write_bytes(plain + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.make(tmp_path)


def test_a_certificate_that_is_good_is_trusted(
    acme: Acme, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the tests below would promise nothing."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with Gate(acme.api.url).open(authority.server()) as gate:
        acme.go_through(gate.url.replace("http", "https"))
        acme.arrives()


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("self-signed", "unable to get local issuer certificate"),
        ("expired", "certificate has expired"),
        ("another host's", "IP address mismatch"),
    ],
)
def test_a_certificate_that_is_not_constant_contact_s_holds_and_nothing_is_sent(
    acme: Acme, authority: Authority, monkeypatch: pytest.MonkeyPatch, what: str, said: str
) -> None:
    if what != "self-signed":
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    host = "127.0.0.2" if what == "another host's" else "127.0.0.1"
    shown = authority.server(host, ends_in=-DAY if what == "expired" else DAY)
    with Gate(acme.api.url).open(shown) as gate:
        acme.go_through(gate.url.replace("http", "https"))
        ended = acme.run()

        assert ended.brief == (4, "held", "untrusted")
        assert said in ended.report["message"]
        assert ended.report["api"]["calls"] == 1
        assert gate.seen == []
        assert acme.installation.say("run", "--all").code == 0
        assert gate.seen == []
    acme.go_straight()
    acme.arrives()


def test_a_server_that_speaks_no_tls_at_all_is_trouble_that_passes(acme: Acme) -> None:
    with Gate(acme.api.url).open() as gate:
        acme.go_through(gate.url.replace("http", "https"))
        ended = acme.run()

        assert ended.brief == (1, "failed", "unavailable")
        assert gate.tokens == set()
    acme.go_straight()
    acme.arrives()
