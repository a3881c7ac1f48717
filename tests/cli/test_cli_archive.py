"""`newsletter archive build`, as it is typed."""

from __future__ import annotations

from cli_house import House


def test_the_archive_is_written(house: House) -> None:
    """Into var/archive, or where --output says; what was done is told, as words or as JSON. Nothing went out yet."""
    said = house.run("archive", "build")
    assert said.code == 0
    assert said.out.startswith("var/archive/site: ")
    assert "0 taken away" in said.out
    assert "set NEWSLETTER_BASE_URL" in said.err
    assert (house.folder / "var/archive/site/archive/daily/feed.xml").is_file()
    again = house.run("archive", "build", "daily", "--output", "out", "--json").json()
    assert (again["folder"], again["same"], again["removed"]) == ("out/site", 0, 0)
    assert again["written"] > 5
    assert not (house.folder / "out/site/archive/friday").exists()


def test_what_is_not_for_the_public(house: House) -> None:
    """Is refused in words that say what to set where."""
    said = house.run("archive", "build", "daily-alert")
    assert said.code == 1
    assert 'set `archive = "public"` in content/newsletters/daily-alert.toml' in said.err
    assert not (house.folder / "var/archive").exists()
