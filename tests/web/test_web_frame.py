"""What holds for every answer: which there are, their headers, what is logged, and whether the house is well."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs
from web_house import House, bounce, signed

ROUTES = {
    ("/hooks/sendgrid", "POST"), ("/u/{token}", "GET"), ("/u/{token}", "HEAD"), ("/u/{token}", "POST"),
    ("/images/{name:path}", "GET"), ("/images/{name:path}", "HEAD"), ("/style.css", "GET"), ("/style.css", "HEAD"),
    ("/healthz", "GET"), ("/healthz", "HEAD"), ("/s/{newsletter}", "GET"), ("/s/{newsletter}", "HEAD"),
    ("/s/{newsletter}", "POST"), ("/s/{newsletter}/sent", "GET"), ("/s/{newsletter}/sent", "HEAD"),
    ("/c/{token}", "GET"), ("/c/{token}", "HEAD"), ("/c/{token}", "POST"), ("/u/{token}/undo", "POST"),
    ("/p/{token}", "GET"), ("/p/{token}", "HEAD"), ("/p/{token}/{act}", "POST"), ("/p/{token}/{act}/{list_}", "POST"),
    ("/m/{token}", "GET"), ("/m/{token}", "HEAD"), ("/m/{token}", "POST"), ("/m/{token}/data.json", "GET"),
    ("/m/{token}/address", "POST"), ("/m/{token}/erase", "POST"),
    ("/r/{code}", "GET"), ("/r/{code}", "HEAD"),
    ("/robots.txt", "GET"), ("/sitemap.xml", "GET"), ("/archive/", "GET"),
    ("/archive/daily/", "GET"), ("/archive/daily/feed.xml", "GET"), ("/archive/daily/feed.json", "GET"),
}  # fmt: skip

ANSWERS = [
    ("GET", "/u/{token}", 200), ("POST", "/u/{token}", 200), ("GET", "/u/wrong", 404), ("PUT", "/u/{token}", 405),
    ("GET", "/nothing", 404), ("GET", "/", 404), ("GET", "/healthz", 200), ("GET", "/style.css", 200),
    ("GET", "/images/port-at-dawn.png", 200), ("GET", "/images/none.png", 404), ("POST", "/hooks/sendgrid", 403),
    ("GET", "/s/daily", 200), ("POST", "/s/daily", 422), ("GET", "/s/daily/sent", 200), ("POST", "/c/wrong", 404),
    ("GET", "/p/{token}", 200), ("POST", "/p/{token}/leave-all", 200), ("POST", "/p/{token}/save/daily", 422),
    ("POST", "/p/{token}/undo/daily", 200), ("GET", "/m/wrong", 404), ("POST", "/m/wrong/erase", 404),
    ("OPTIONS", "/u/{token}", 405), ("TRACE", "/healthz", 405),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
def test_each_answer_carries_the_security_headers(house: House, method: str, path: str, status: int) -> None:
    """No script, no style in a page, no frame around it, no referrer (paths hold tokens), no guessing of types."""
    answer = house.ask(method, path.format(token=house.token()))
    assert answer.status_code == status
    policy = dict(rule.split(" ", 1) for rule in answer.headers["Content-Security-Policy"].split("; "))
    assert policy == {
        "default-src": "'none'", "style-src": "'self'", "img-src": "data:", "form-action": "'self'",
        "base-uri": "'none'", "frame-ancestors": "'none'",
    }  # fmt: skip
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "geolocation=()" in answer.headers["Permissions-Policy"]
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(("method", "path"), [("GET", "/u/{token}"), ("POST", "/u/{token}"), ("GET", "/u/wrong")])
def test_nobody_keeps_or_lists_a_readers_page(house: House, method: str, path: str) -> None:
    answer = house.ask(method, path.format(token=house.token()))
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"


def test_there_are_these_addresses_and_no_others(house: House) -> None:
    """What is added is added here too; FastAPI's own pages are off."""
    asked = {(path, method) for path, method in ROUTES if house.ask(method, path).status_code not in {404, 405}}
    assert asked >= {("/hooks/sendgrid", "POST"), ("/style.css", "GET"), ("/healthz", "GET")}
    for path in ("/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect", "/metrics", "/archive/none/", "/desk"):
        assert house.ask("GET", path).status_code == 404
    for path in ("/healthz", "/style.css"):
        assert set(house.ask("POST", path).headers["Allow"].split(", ")) == {"GET", "HEAD"}
    assert set(house.ask("PUT", "/u/x").headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}


def test_the_log_has_routes_and_no_tokens(house: House) -> None:
    """Whoever reads the log could leave lists for others otherwise."""
    token = house.token()
    with capture_logs() as lines:
        house.ask("GET", f"/u/{token}")
        house.ask("POST", f"/u/{token}")
        house.ask("PUT", f"/u/{token}")
        house.ask("GET", f"/u/{token}/more")
        house.ask("GET", f"/u/{token[:-3]}")
    requests = [(line["method"], line["route"], line["status"]) for line in lines if line["event"] == "request"]
    assert requests == [
        ("GET", "/u/{token}", 200), ("POST", "/u/{token}", 200), ("PUT", "/u/{token}", 405), ("GET", "none", 404),
        ("GET", "/u/{token}", 404),
    ]  # fmt: skip
    assert token[:-3] not in str(lines)
    assert "example.org" not in str(lines)


def test_the_log_of_events_has_no_address(house: House) -> None:
    body = bounce("ann@example.org")
    with capture_logs() as lines:
        house.ask("POST", "/hooks/sendgrid", content=body, headers=signed(body))
    assert {"events", "request"} <= {line["event"] for line in lines}
    assert "example.org" not in str(lines)


def test_the_house_is_well_while_the_database_answers(house: House) -> None:
    """`ok` for a monitor, which gets the 503 that it looks for when the database does not answer; then `ok` again."""
    assert (house.ask("GET", "/healthz").status_code, house.ask("GET", "/healthz").text) == (200, "ok\n")
    assert house.ask("HEAD", "/healthz").status_code == 200
    with house.broken_database():
        ill = house.ask("GET", "/healthz")
    assert ill.status_code == 503
    assert "newsletter.db" not in ill.text
    assert house.ask("GET", "/healthz").status_code == 200


def test_an_empty_database_is_not_well(house: House) -> None:
    """A file without our tables answers, and would serve nobody."""
    file = house.context.settings.var / "newsletter.db"
    house.context.store.close()
    aside = file.rename(file.with_suffix(".aside"))
    assert house.ask("GET", "/healthz").status_code == 503
    house.context.store.close()
    aside.replace(file)
