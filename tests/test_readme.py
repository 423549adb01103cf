"""README says what the code says: settings, prices, limits, errors, events, endpoints, commands."""

import re
import threading
from pathlib import Path

import click
import pytest

from fastclip import cli, errors, rules, settings, webhooks
from fastclip.api import app as web
from fastclip.standing import Standing

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")


def table(heading: str, *, first: str) -> list[list[str]]:
    """The cells of the table that begins with the column `first` in the section under `heading`."""
    section = re.split(r"^#{2,3} ", README.split(f" {heading}\n", 1)[1], maxsplit=1, flags=re.M)[0]
    lines = section[section.index(f"| {first} |") :].splitlines()[2:]
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().strip("`") for cell in line.strip("|").split(" | ")])
    return rows


def test_readme_lists_every_setting_with_its_default_and_meaning():
    said = [row for row in table("Settings", first="Setting")]
    assert [(name, default) for name, default, _ in said] == [
        (name, default) for name, default, _ in settings.describe()
    ]
    for name, _, meaning in settings.describe():
        assert f"| `{name}` |" in README and meaning in README


def test_readme_lists_every_error_code_with_its_status():
    assert {row[0]: int(row[1]) for row in table("Errors", first="Code")} == errors.CODES


def test_every_error_class_has_a_listed_code_of_its_status():
    for kind in errors.FastClipError.__subclasses__():
        assert errors.CODES[kind.code] == kind.status


def test_readme_lists_every_event():
    said = {row[0]: re.findall(r"\w+", row[1]) for row in table("Events", first="Event")}
    assert tuple(said) == rules.EVENTS
    for event, fields in said.items():
        assert set(fields) == set(webhooks.SAMPLES[event]), event


def test_readme_lists_every_price():
    said = {row[0]: row[1] for row in table("Prices", first="What")}
    expected = {
        "Manual trim, a segment": rules.TRIM_CENTS,
        "Manual trim, true 4K surcharge a segment": rules.TRIM_4K_SURCHARGE_CENTS,
        "Captions, a started minute up to 1080p": rules.CAPTION_MINUTE_CENTS["1080p"],
        "Captions, a started minute of true 4K": rules.CAPTION_MINUTE_CENTS["4k"],
        "Signup credit, granted once": rules.SIGNUP_CREDIT_CENTS,
    }
    for name, tiers in (
        ("Transcript", rules.TRANSCRIPT_TIERS),
        ("AI analyze", rules.ANALYZE_TIERS),
        ("AI auto-clip", rules.AUTO_TIERS),
    ):
        expected |= {f"{name}, source up to {minutes} min": cents for minutes, cents in tiers}
    assert {name: round(float(price.lstrip("+$")) * 100) for name, price in said.items()} == expected


@pytest.mark.parametrize(
    ("limit", "value"),
    [
        ("Upload size", f"{rules.MAX_UPLOAD_BYTES // rules.GB} GB"),
        ("Simple upload recommended up to", f"{rules.SIMPLE_UPLOAD_BYTES // rules.MB} MB"),
        ("Upload part, smallest (the last may be smaller)", f"{rules.MIN_PART_BYTES // rules.MiB} MiB"),
        ("Upload parts", str(rules.MAX_PARTS)),
        ("Source duration", f"{rules.MAX_SOURCE_S // rules.HOUR} h"),
        ("Clip duration, a segment", f"{rules.MAX_SEGMENT_S // rules.MINUTE} min"),
        ("GIF duration", f"{rules.MAX_GIF_S} s"),
        ("Segments a request", str(rules.MAX_SEGMENTS)),
        ("Merged clip, all segments together", f"{rules.MAX_MERGED_S // rules.HOUR} h"),
        ("Caption font size", f"{rules.MAX_FONT_BYTES // rules.MB} MB"),
        ("AI query", f"{rules.MAX_QUERY_CHARS} characters"),
        ("API key name", f"{rules.MAX_KEY_NAME_CHARS} characters"),
        ("Clip title", f"{rules.MAX_CLIP_TITLE_CHARS} characters"),
        ("Clips a bulk delete", str(rules.MAX_BULK_DELETE)),
        ("API keys an account", str(rules.MAX_API_KEYS)),
        ("Webhooks an account", str(rules.MAX_WEBHOOKS)),
        ("Storage included (pinned clips, fonts)", f"{rules.INCLUDED_STORAGE_GB} GB"),
        ("Uploads and unpinned clips are kept", f"{rules.UPLOAD_KEPT_S // rules.HOUR} h"),
    ],
)
def test_readme_gives_this_limit(limit, value):
    assert dict(table("Limits", first="Limit"))[limit] == value


def test_readme_gives_the_rate_of_every_class_of_route():
    said = {row[0]: int(row[1]) for row in table("Limits", first="Requests a minute")}
    assert said == rules.RATES_PER_MINUTE
    hourly = {row[0]: int(row[1]) for row in table("Limits", first="Requests an hour")}
    assert hourly == rules.RATES_PER_HOUR


def test_readme_names_every_upload_extension_and_every_command():
    for extension in rules.EXTENSIONS:
        assert f"`{extension}`" in README
    for name, command in cli.fastclip.commands.items():
        names = [f"{name} {sub}" for sub in command.commands] if isinstance(command, click.Group) else [name]
        for one in names:
            assert f"`fastclip {one}" in README, f"README does not name `fastclip {one}`"


# -- The 61 endpoints of the reference -----------------------------------------------------------------------

ENDPOINTS = {row[0]: row[1] for row in table("The API", first="Endpoint")}
BUILT = [endpoint for endpoint, state in ENDPOINTS.items() if state == "tested"]


def test_the_table_holds_the_61_endpoints_of_the_reference():
    assert len(ENDPOINTS) == len(BUILT) == 61


@pytest.fixture
def application(data):
    return web.build(Standing(data), stopping=threading.Event(), secret="s", on_focus=lambda: None)


def routes_of(app) -> set[str]:
    """`METHOD /path/{name}` of every route, parameter types left out."""
    return {
        f"{method} {re.sub(r':[a-z]+}', '}', route.path_format if hasattr(route, 'path_format') else route.path)}"
        for route in app.routes
        for method in getattr(route, "methods", [])
    }


def test_every_endpoint_called_tested_is_a_route(application):
    assert set(BUILT) <= routes_of(application)


@pytest.mark.parametrize("endpoint", BUILT)
def test_an_endpoint_called_tested_is_asked_in_some_test(endpoint):
    method, path = endpoint.split(" ")
    pattern = re.compile(re.sub(r"\\{[a-z_]+\\}", r"[^\"'\\s?]+", re.escape(path)) + r"[\"'?`\s]")
    verb = method.lower()
    for file in Path(__file__).parent.rglob("test_*.py"):
        text = file.read_text("utf-8")
        if file != Path(__file__) and verb in text.lower() and pattern.search(text):
            return
    raise AssertionError(f"no test asks {endpoint}")
