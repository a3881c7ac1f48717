"""Links are asked within their time, and never at a place inside of a network: not by name, number or redirect."""

from __future__ import annotations

import ssl
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from asking_servers import answers, drips, hangs_up, here, only_get, site, sleeps
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from newsletter.asking import PUBLIC, Kind, Places, ask
from newsletter.asking.places import Address, NotAllowed, public

PUBLIC_IP = "93.184.215.14"


def leading_to(*machines: str) -> Places:
    """Every name has these addresses; the rule is the one that is shipped."""
    return Places(resolve=lambda name: tuple(ip_address(machine) for machine in machines), allows=public)


def self_signed(name: str, folder: Path) -> ssl.SSLContext:
    """A server's context with a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, *plain) + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


class TestPlaces:
    @pytest.mark.parametrize(
        "machine",
        [
            "127.0.0.1",
            "127.8.9.1",
            "0.0.0.0",
            "10.0.0.7",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "169.254.169.254",
            "168.63.129.16",
            "192.0.0.192",
            "192.0.2.1",
            "198.18.0.1",
            "192.88.99.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fec0::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001:db8::1",
            "::127.0.0.1",
            "fe80::1%eth0",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.7",
            "::ffff:169.254.169.254",
            "64:ff9b::a00:7",
            "64:ff9b::7f00:1",
            "64:ff9b:1::7f00:1",
            "2002:7f00:1::1",
            "2002:a00:7::1",
            "2001:0:a00:7::1",
        ],
    )
    def test_never_inside(self, machine: str) -> None:
        """Loopback, private, link-local, multicast, reserved, metadata; also inside of an IPv6 address."""
        assert not public(ip_address(machine), 443)
        with pytest.raises(NotAllowed):
            leading_to(PUBLIC_IP, machine).target("https://mills.example.org/")
        host = f"[{machine}]" if ":" in machine else machine
        with pytest.raises(NotAllowed):
            PUBLIC.target(f"https://{host}/")

    @pytest.mark.parametrize("machine", [PUBLIC_IP, "1.1.1.1", "2606:4700::1111", "64:ff9b::101:101"])
    def test_the_public_net(self, machine: str) -> None:
        assert public(ip_address(machine), 443)
        assert public(ip_address(machine), 80)
        assert leading_to(machine).target("https://mills.example.org/a").machine == machine

    @pytest.mark.parametrize("port", [22, 25, 3306, 6379, 8000, 8080, 8443, 9200])
    def test_no_odd_port(self, port: int) -> None:
        with pytest.raises(NotAllowed):
            leading_to(PUBLIC_IP).target(f"http://mills.example.org:{port}/")

    @pytest.mark.parametrize(
        "url",
        [
            "http://2130706433/",
            "http://2130706433./",
            "http://１２７.０.０.１/",
            "http://mills。example.org/",
            "http://017700000001/",
            "http://0x7f000001/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://1.1/",
            "http://mills.example.0x1/",
            "http://ann:secret@mills.example.org/",
            "http://ann@mills.example.org/",
            "http://@mills.example.org/",
            "http://mills.example.org\\@127.0.0.1/",
            "http://mills.example.org /",
            "http://mills.example.org/a\nb",
            "http://mills.example.org:99999/",
            "http://[::1/",
            "http:///a",
            "https://",
            "ftp://mills.example.org/",
            "file:///etc/passwd",
            "gopher://mills.example.org/",
            "//mills.example.org/",
            "",
        ],
    )
    def test_no_address_in_disguise(self, url: str) -> None:
        """Numbers for machines, names and passwords, signs that parsers read differently, other schemes: no name is
        even looked up.
        """
        looked_up: list[str] = []

        def resolve(name: str) -> tuple[Address, ...]:
            looked_up.append(name)
            return (ip_address(PUBLIC_IP),)

        with pytest.raises(NotAllowed):
            Places(resolve=resolve, allows=public).target(url)
        assert looked_up == []


class TestTheShippedRule:
    @pytest.mark.parametrize("host", ["localhost", "localhost.", "LOCALHOST", "127%2e0%2e0%2e1", "[::1]"])
    def test_this_machine_is_never_asked(self, host: str) -> None:
        """By the look-up of the machine itself, whatever a server would answer there."""
        (reply,) = ask([f"http://{host}/"])
        # a percent sign is in no name: nobody has it, and nobody is asked
        assert reply.kind is (Kind.SILENT if "%" in host else Kind.REFUSED)


class TestReplies:
    def test_each_answer_in_its_order(self) -> None:
        pages = {
            "/fine": answers(200),
            "/get": only_get,
            "/gone": answers(410),
            "/broken": answers(500),
            "/walled": answers(403),
            "/slash": answers(301, Location="/slash/"),
            "/slash/": answers(200),
            "/front": answers(302, Location="/"),
            "/": answers(200),
            "/off": answers(301, Location="http://other.example.org:{port}/fine"),
            "/loop": answers(302, Location="/loop"),
            "/odd": answers(302, Location="http://[bad"),
            "/cut": hangs_up,
        }
        with site(pages) as there:
            pages["/off"] = answers(301, Location=there.url("/fine", "other.example.org"))
            paths = [
                "/fine",
                "/get",
                "/gone",
                "/none",
                "/broken",
                "/walled",
                "/slash",
                "/front",
                "/off",
                "/loop",
                "/odd",
            ]
            replies = ask([*map(there.url, paths), there.url("/cut"), there.url("/fine")], here(there.port))
        assert [(reply.url.partition(str(there.port))[2], reply.kind) for reply in replies] == [
            ("/fine", Kind.FINE),
            ("/get", Kind.FINE),
            ("/gone", Kind.GONE),
            ("/none", Kind.GONE),
            ("/broken", Kind.ERROR),
            ("/walled", Kind.ERROR),
            ("/slash", Kind.FINE),
            ("/front", Kind.ELSEWHERE),
            ("/off", Kind.ELSEWHERE),
            ("/loop", Kind.ERROR),
            ("/odd", Kind.SILENT),
            ("/cut", Kind.SILENT),
        ]
        assert replies[8].final == there.url("/fine", "other.example.org")
        assert "500" in replies[4].words

    def test_head_first_then_get_and_the_name_in_host(self) -> None:
        with site({"/get": only_get, "/fine": answers(200)}) as there:
            ask([there.url("/get"), there.url("/fine")], here(there.port))
        host = f"mills.example.org:{there.port}"
        assert sorted(there.asked) == [("GET", "/get", host), ("HEAD", "/fine", host), ("HEAD", "/get", host)]

    def test_a_location_in_other_letters(self) -> None:
        """Servers send UTF-8 there."""
        pages = {"/a": answers(302, Location="/é b".encode().decode("latin-1")), "/%C3%A9%20b": answers(200)}
        with site(pages) as there:
            assert [reply.kind for reply in ask([there.url("/a")], here(there.port))] == [Kind.FINE]

    def test_a_redirect_inside_is_not_followed(self) -> None:
        """Each redirect is judged like the first address: the service inside never hears of it."""
        with site({}) as inside, site({}) as outside:
            for location in (
                f"http://127.0.0.1:{inside.port}/admin",
                f"http://inside.example.org:{outside.port}/admin",
                "http://169.254.169.254/latest/meta-data/",
                "http://2130706433/",
                "file:///etc/passwd",
            ):
                with site({"/a": answers(302, Location=location)}) as way:
                    allowed = here(way.port, outside.port, names={"inside.example.org": "127.0.0.2"})
                    (reply,) = ask([way.url("/a")], allowed)
                assert reply.kind is Kind.REFUSED, location
                assert reply.final == location
        assert inside.asked == []
        assert outside.asked == []

    def test_a_name_is_looked_up_once_and_that_machine_is_asked(self) -> None:
        """A name server that gives a good address to the judge and a bad one to the connection gets nowhere."""
        given = iter(["127.0.0.1"])

        def resolve(name: str) -> tuple[Address, ...]:
            return (ip_address(next(given)),)

        with site({"/": answers(200)}) as there:
            places = Places(resolve=resolve, allows=here(there.port).allows)
            (reply,) = ask([there.url("/", "rebinding.example.org")], places)
        assert reply.kind is Kind.FINE

    def test_one_bad_address_among_good_ones(self) -> None:
        with site({"/": answers(200)}) as there:
            machines = (ip_address("127.0.0.1"), ip_address("127.0.0.2"))
            places = Places(resolve=lambda name: machines, allows=here(there.port).allows)
            (reply,) = ask([there.url("/")], places)
        assert reply.kind is Kind.REFUSED
        assert there.asked == []

    def test_nobody_there(self) -> None:
        """A closed port, and a name that nobody has."""

        def resolve(name: str) -> tuple[Address, ...]:
            return ()

        with site({}) as there:
            port = there.port
        (closed,) = ask([f"http://mills.example.org:{port}/"], here(port))
        (unknown,) = ask(["http://nobody.example.org/"], Places(resolve=resolve, allows=public))
        assert (closed.kind, unknown.kind) == (Kind.SILENT, Kind.SILENT)

    @pytest.mark.parametrize("page", [sleeps, drips], ids=["sleeps", "drips"])
    def test_each_has_its_time(self, page: object) -> None:
        """A server that says nothing, and one that says a byte at a time, are left when the time is over."""
        with site({"/slow": page}) as there:  # type: ignore[dict-item]
            since = time.monotonic()
            (reply,) = ask([there.url("/slow")], here(there.port), each_s=0.4)
            took = time.monotonic() - since
        assert reply.kind is Kind.SILENT
        assert "0.4 seconds" in reply.words
        assert took < 2

    def test_all_have_a_time_together(self) -> None:
        """20 links of 0.3 s each, 8 at once, would take 0.9 s: after 0.5 s the rest is told to be silent."""
        pages = {f"/{number}": sleeps for number in range(20)} | {"/good": answers(200)}
        with site(pages) as there:
            urls = [there.url("/good"), *(there.url(f"/{number}") for number in range(20))]
            since = time.monotonic()
            replies = ask(urls, here(there.port), each_s=0.3, all_s=0.5)
            took = time.monotonic() - since
        assert [reply.kind for reply in replies] == [Kind.FINE, *[Kind.SILENT] * 20]
        assert any("no time left" in reply.words for reply in replies) or took >= 0.5
        assert took < 2

    def test_a_certificate_that_is_not_good(self, tmp_path: Path) -> None:
        """Over https the certificate is checked, for the name of the address, whatever machine is asked."""
        with site({"/": answers(200)}, tls=self_signed("mills.example.org", tmp_path)) as there:
            (reply,) = ask([f"https://mills.example.org:{there.port}/"], here(there.port))
        assert reply.kind is Kind.ERROR
        assert "certificate" in reply.words
        assert there.asked == []

    def test_a_long_body_is_not_read(self) -> None:
        def endless(request: object) -> None:
            request.send_response(200)  # type: ignore[attr-defined]
            request.end_headers()  # type: ignore[attr-defined]
            for _ in range(10_000):
                request.wfile.write(b"x" * 65_536)  # type: ignore[attr-defined]

        def page(request: object) -> None:
            (only_get if request.command == "HEAD" else endless)(request)  # type: ignore[attr-defined, arg-type]

        with site({"/big": page}) as there:  # type: ignore[dict-item]
            since = time.monotonic()
            (reply,) = ask([there.url("/big")], here(there.port), each_s=5)
        assert reply.kind is Kind.FINE
        assert time.monotonic() - since < 4
