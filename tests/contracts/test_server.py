"""The whole program on the backends of a larger house, by nothing but two lines of its settings."""

from pathlib import Path

from tests.conftest import BUNNY
from tests.journeys.conftest import Running


def test_a_clip_is_cut_where_rows_are_in_postgresql_and_work_in_redis(postgres: str, redis: str, tmp_path: Path):
    server = Running(tmp_path / "data")
    server.folder.mkdir()
    (server.folder / "settings.toml").write_text(f'database = "{postgres}"\nqueue = "{redis}"\n')
    server.start()
    person = server.person(cents=10)
    job = person.cut(person.send(BUNNY)["file_id"], 2, 5)
    assert (job["status"], person.balance()) == ("complete", (8, 0))
    assert server.stop() == 0, server.log()
    assert not list(server.folder.glob("*.db"))
