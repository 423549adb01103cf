from fastclip import leases
from tests.api.conftest import Site


def test_the_owner_sees_what_doctor_finds_and_whether_the_worker_lives(site: Site) -> None:
    with site.signed_in() as desk:
        rows = {row["name"]: row for row in desk.get("/v1/admin/health").raise_for_status().json()["data"]}
        assert rows["worker"]["state"] == "fail" and rows["worker"]["fix"]
        assert rows["ffmpeg"]["state"] == "ok" and {"disk", "secrets", "data folder"} <= set(rows)
        leases.extend(leases.owner_name(), [])
        assert "port" not in rows, "that it is taken is no news while the server runs"
        again = desk.get("/v1/admin/health").json()["data"]
        assert again[0] == {"name": "worker", "state": "ok", "cause": "at work", "fix": ""}


def test_the_owner_backs_the_rows_up_and_nobody_else(site: Site) -> None:
    with site.signed_in() as desk:
        before = desk.get("/v1/admin/backup").raise_for_status().json()
        after = desk.post("/v1/admin/backup", json={}).raise_for_status().json()
        assert len(after["data"]) == len(before["data"]) + 1 and after["data"][0]["size_bytes"] > 0
    with site.signed_in("member@example.org") as member:
        assert member.post("/v1/admin/backup", json={}).status_code == 403
    with site.with_key() as script:
        assert script.get("/v1/admin/backup").json()["code"] == "session_required"
