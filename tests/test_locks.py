"""The lock files and what else is committed: pins and hashes, and nothing that names one machine or one registry."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LOCKS = [ROOT / "requirements.lock", *sorted((ROOT / "packaging" / "locks").glob("*.lock"))]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
NPM_LOCK = ROOT / "ui" / "package-lock.json"

# In two halves, so that this file passes its own test.
HOSTS = ["pypi" + ".org", "python" + "hosted.org", "registry." + "npmjs", "deb." + "debian.org"]
MACHINE_PATHS = re.compile(r"(?<![\w.~$}/-])/(?:wor" + r"k/(?:main|shared)|roo" + r"t/|home/[a-z]+/|opt/wheels)")


def pins(lock: Path) -> dict[str, list[str]]:
    """The versions that a lock file holds, by package."""
    found: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", lock.read_text("utf-8"), re.M):
        found.setdefault(canonicalize_name(name), []).append(version)
    return found


@pytest.mark.parametrize("lock", [*LOCKS, NPM_LOCK], ids=lambda path: path.name)
def test_a_lock_file_holds_no_address(lock: Path) -> None:
    text = lock.read_text("utf-8")
    if lock == NPM_LOCK:  # some packages' own lines say where their authors take money: not where the package is
        packages = json.loads(text)["packages"]
        assert [name for name, row in packages.items() if "resolved" in row] == []
        text = json.dumps({name: {k: v for k, v in row.items() if k != "funding"} for name, row in packages.items()})
    assert "://" not in text
    assert not re.search(r"--(extra-)?index-url|--find-links|-f ", text)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_pin_has_a_hash(lock: Path) -> None:
    entries = re.split(r"\n(?=\S)", lock.read_text("utf-8").strip())
    assert entries and all(re.match(r"[A-Za-z0-9._-]+==\S+", entry) for entry in entries)
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


def test_every_package_of_the_pages_has_a_hash() -> None:
    rows = json.loads(NPM_LOCK.read_text("utf-8"))["packages"]
    assert [name for name, row in rows.items() if name and "integrity" not in row] == []


@pytest.mark.parametrize("group", ["", "installer", "builder", "node", "dev", "llm", "llm-builder", "release"])
def test_the_lock_holds_what_the_project_asks_for(group: str) -> None:
    asked = PROJECT["dependency-groups"][group] if group else PROJECT["project"]["dependencies"]
    held = pins(ROOT / "packaging" / "locks" / f"{group}.lock" if group else ROOT / "requirements.lock")
    for requirement in map(Requirement, asked):
        versions = held.get(canonicalize_name(requirement.name), [])
        assert versions, f"{requirement.name} is not locked: run packaging/lock"
        assert all(requirement.specifier.contains(version) for version in versions), requirement


def test_the_tests_run_with_the_versions_that_ship() -> None:
    shipped, tested = pins(ROOT / "requirements.lock"), pins(ROOT / "packaging" / "locks" / "dev.lock")
    assert {name for name in shipped.keys() & tested.keys() if not set(tested[name]) <= set(shipped[name])} == set()


def test_npm_leaves_addresses_out_of_its_lock() -> None:
    assert "omit-lockfile-registry-resolved=true" in (ROOT / "ui" / ".npmrc").read_text("utf-8").split()


def test_nothing_committed_names_a_registry_or_this_machine() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    found = []
    for name in filter(None, listed.decode().split("\0")):
        path = ROOT / name
        if not path.is_file() or b"\0" in (content := path.read_bytes())[:8192]:
            continue
        text = content.decode("utf-8", "replace")
        found += [f"{name}: {host}" for host in HOSTS if host in text]
        found += [f"{name}: {match[0]}" for match in MACHINE_PATHS.finditer(text)]
    assert found == []
