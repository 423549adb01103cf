"""The command line, run in this process: what it prints, what it writes, how it refuses."""

import io
import json
import subprocess
import sys
from pathlib import Path

import av
import pytest

import fastclip
from fastclip import accounts, api_keys, cli, rules, sessions, settings, store, vault
from fastclip.media import cut
from fastclip.media.ffmpeg import Failed
from fastclip.settings import Settings
from tests.conftest import PASSWORD


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run `fastclip …`; (exit code, standard output, standard error)."""

    def go(*words: object, given: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["fastclip", *map(str, words)])
        monkeypatch.setattr(sys, "stdin", io.StringIO(given))
        code = cli.main()
        told = capsys.readouterr()
        return code, told.out, told.err

    return go


def frames(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


# -- In general --------------------------------------------------------------------------------------------


def test_the_help_names_every_command_in_its_order(run) -> None:
    code, out, _ = run("--help")
    listed = [line.split()[0] for line in out.split("Commands:")[1].splitlines() if line.strip()]
    assert (code, listed) == (
        0,
        [
            "serve",
            "worker",
            "window",
            "clip",
            "auto",
            "caption",
            "transcribe",
            "models",
            "user",
            "key",
            "secret",
            "backup",
            "doctor",
        ],
    )


def test_the_version_is_the_packages(run) -> None:
    assert run("--version")[1].strip().endswith(fastclip.__version__)


def test_the_help_does_not_load_what_the_commands_need() -> None:
    program = (
        "import sys; from fastclip import cli\n"
        "try: cli.fastclip.main(args=['--help'])\n"
        "except SystemExit: pass\n"
        "print({'litestar', 'peewee', 'av', 'huey', 'numpy'} & set(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert out.splitlines()[-1] == "set()"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sing"], "No such command 'sing'"),
        (["clip"], "Missing argument 'IN'"),
        (["clip", "/nowhere.mp4", "-o", "a.mp4"], "does not exist"),
        (["serve", "--port", "many"], "'many' is not a valid integer"),
        (["user", "add", "--email", "a@b.c", "--role", "king"], "'king' is not one of"),
    ],
)
def test_a_slip_in_the_words_is_explained_with_exit_code_2(run, words: list[str], said: str) -> None:
    code, out, err = run(*words)
    assert (code, out) == (2, "") and said in err


def test_without_a_display_the_command_is_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert cli._default_role() == "serve"
    monkeypatch.setenv("DISPLAY", ":0")
    assert cli._default_role() == "window"


# -- Clips -------------------------------------------------------------------------------------------------


def test_a_clip_is_cut_without_server_or_account(run, bunny: Path, tmp_path: Path) -> None:
    target = tmp_path / "clip.mp4"
    code, out, err = run("clip", bunny, "--start", "7.30", "--end", "0:19.85", "-o", target)
    assert (code, err) == (0, "")
    assert out.startswith(f"{target}: 301 frames, 12.54") and frames(target) == 301
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_json_tells_frames_duration_plan_and_seconds(run, tiny: Path, tmp_path: Path) -> None:
    target = tmp_path / "clip.mp4"
    code, out, _ = run("clip", tiny, "--start", "0.5", "--end", "1.5", "-o", target, "--json")
    said = json.loads(out)
    assert code == 0 and (said["file"], said["frames"], said["duration"]) == (str(target), 25, 1.0)
    assert (said["width"], said["height"], said["size_bytes"]) == (128, 72, target.stat().st_size)
    assert said["plan"] in ("copy", "smart", "encode") and said["reason"]
    assert said["seconds"] > 0 and sum(said["stages"].values()) <= said["seconds"] + 0.01


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("spans.json", '[{"start": 0, "end": 1}, {"start": "0:01", "end": "0:01.6"}]'),
        ("spans.csv", "0,1,first\n0:01,0:01.6,second\n"),
        ("bom.csv", "\ufeff0,1\n\n1,1.6\n"),
    ],
)
def test_segments_of_a_file_become_numbered_clips(run, tiny: Path, tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    code, out, _ = run("clip", tiny, "--segments", tmp_path / name, "-o", tmp_path / "clip.mp4", "--json")
    said = json.loads(out)
    assert code == 0 and [one["frames"] for one in said] == [25, 15]
    assert [Path(one["file"]).name for one in said] == ["clip-1.mp4", "clip-2.mp4"]
    assert [frames(Path(one["file"])) for one in said] == [25, 15]


@pytest.mark.parametrize("extension", ["gif", "mp3", "wav", "m4a", "aac", "flac"])
def test_the_name_of_the_target_decides_the_format(run, tiny: Path, tmp_path: Path, extension: str) -> None:
    target = tmp_path / f"clip.{extension}"
    code, _, err = run("clip", tiny, "--start", "0", "--end", "1", "-o", target)
    assert (code, err) == (0, "") and target.stat().st_size > 0
    with av.open(str(target)) as container:
        assert bool(container.streams.video) is (extension == "gif")


def test_a_quality_is_the_most_that_the_picture_may_have(run, bunny: Path, tmp_path: Path) -> None:
    for quality, height in (("720p", 480), ("1080p", 480)):
        words = ("--start", "0", "--end", "0.5", "--quality", quality, "-o", tmp_path / "clip.mp4", "--json")
        assert json.loads(run("clip", bunny, *words)[1])["height"] == height


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--start", "1"], "Give either --start and --end, or --segments FILE."),
        ([], "Give either --start and --end, or --segments FILE."),
        (["--start", "x", "--end", "2"], "'x' is no time; write 12, 7.30, 0:12.5 or 1:02:03."),
        (["--start", "-1", "--end", "2"], "'-1' is no time; write 12, 7.30, 0:12.5 or 1:02:03."),
        (["--start", "2", "--end", "1"], "Segment 2-1 s is empty: its end must be later than its start."),
        (["--start", "0", "--end", "99"], "Segment 0-99 s is outside the source (0-3 s)."),
        (["--start", "0", "--end", "1", "--format", "gif", "--quality", "4k"], "gif takes no quality 4k; leave"),
        (["--start", "0", "--end", "1", "--format", "mp3", "--quality", "720p"], "mp3 takes no quality 720p; leave"),
    ],
)
def test_a_cut_that_cannot_be_is_refused_and_nothing_is_written(
    run, tiny: Path, tmp_path: Path, words: list[str], sentence: str
) -> None:
    code, out, err = run("clip", tiny, *words, "-o", tmp_path / "clip.mp4")
    assert (code, out) == (1, "") and err.startswith(f"fastclip: {sentence}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("clip.webm", "This video file can become mp4, gif, mp3, wav, m4a, flac, not webm."),
        ("clip", "not a file without extension."),
        ("nowhere/clip.mp4", "does not exist."),
    ],
)
def test_a_target_that_cannot_be_is_refused(run, tiny: Path, tmp_path: Path, name: str, sentence: str) -> None:
    code, _, err = run("clip", tiny, "--start", "0", "--end", "1", "-o", tmp_path / name)
    assert code == 1 and err.strip().endswith(sentence)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "start,end\n", "[1, 2]", '[{"start": 1}]', "1\n", '{"start": 1}'])
def test_a_segments_file_that_cannot_be_read_is_explained(run, tiny: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "spans").write_text(text)
    code, _, err = run("clip", tiny, "--segments", tmp_path / "spans", "-o", tmp_path / "clip.mp4")
    assert code == 1 and err.startswith("fastclip: ")
    assert [path.name for path in tmp_path.iterdir()] == ["spans"]


def test_what_is_no_recording_is_refused(run, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no film " * 100)
    code, _, err = run("clip", tmp_path / "text.mp4", "--start", "0", "--end", "1", "-o", tmp_path / "clip.mp4")
    assert code == 1 and err.startswith("fastclip: This is not a recording that FastClip knows")


def test_a_cut_that_breaks_leaves_an_older_target_as_it_was(
    run, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "clip.mp4"
    target.write_bytes(b"older")

    def breaks(source: Path, part: Path, *_: object, **__: object) -> None:
        Path(part).write_bytes(b"half")
        raise Failed("ffmpeg exited 1")

    monkeypatch.setattr(cut, "render", breaks)
    with pytest.raises(Failed):
        run("clip", tiny, "--start", "0", "--end", "1", "-o", target)
    assert target.read_bytes() == b"older" and [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_clip_may_take_its_sources_place(run, tiny: Path, tmp_path: Path) -> None:
    source = tmp_path / "film.mp4"
    source.write_bytes(tiny.read_bytes())
    assert run("clip", source, "--start", "0", "--end", "1", "-o", source)[0] == 0
    assert frames(source) == 25


# -- People and keys ---------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def opened(folder: Path, **flags: str) -> None:
    store.open(settings.load(folder, **flags))


def test_a_person_is_added_with_the_password_from_standard_input(run, folder: Path) -> None:
    words = ("user", "add", "--email", "Ana@example.org", "--role", "owner", "--data-dir", folder)
    code, out, err = run(*words, given=f"{PASSWORD}\n")
    assert (code, err) == (0, "") and out.startswith("Added owner ana@example.org (usr_")
    opened(folder)
    assert sessions.sign_in("ana@example.org", PASSWORD)[0].name == "Ana"
    assert PASSWORD not in out


@pytest.mark.parametrize(
    ("flag", "by_setting", "is_covered"),
    [
        ([], "true", True),
        ([], "false", False),
        (["--metered"], "true", False),
        (["--covered"], "false", True),
    ],
)
def test_a_member_is_covered_as_the_flag_or_else_the_setting_says(
    run, folder: Path, monkeypatch: pytest.MonkeyPatch, flag: list[str], by_setting: str, is_covered: bool
) -> None:
    monkeypatch.setenv("FASTCLIP_NEW_MEMBERS_COVERED", by_setting)
    assert run("user", "add", "--email", "m@example.org", *flag, "--data-dir", folder, given=PASSWORD)[0] == 0
    opened(folder)
    assert accounts.by_email("m@example.org").is_covered is is_covered


def test_a_key_stands_alone_on_standard_output(run, folder: Path) -> None:
    run("user", "add", "--email", "m@example.org", "--data-dir", folder, given=PASSWORD)
    code, out, err = run("key", "add", "--email", "m@example.org", "--name", "nightly", "--data-dir", folder)
    assert (code, err) == (0, "") and out.startswith("sk_live_") and len(out.split()) == 1
    opened(folder)
    assert api_keys.by_key(out.strip(), ip="")[0].email == "m@example.org"


def test_a_new_password_replaces_the_old_one(run, folder: Path) -> None:
    run("user", "add", "--email", "m@example.org", "--data-dir", folder, given=PASSWORD)
    code, out, _ = run(
        "user", "password", "--email", "m@example.org", "--data-dir", folder, given="a better password\n"
    )
    assert code == 0 and "signed out everywhere" in out
    opened(folder)
    assert sessions.sign_in("m@example.org", "a better password")


@pytest.mark.parametrize(
    ("words", "given", "sentence"),
    [
        (["user", "add", "--email", "m@example.org"], PASSWORD, "There is already an account for m@example.org."),
        (["user", "add", "--email", "n@example.org"], "short", "The password has 5 characters; use 10 to 128."),
        (["user", "add", "--email", "n@example.org"], "", "The password has 0 characters; use 10 to 128."),
        (["user", "add", "--email", "n"], PASSWORD, "email does not look like an address (name@example.org)."),
        (["user", "password", "--email", "x@example.org"], PASSWORD, "There is no account for x@example.org."),
        (["key", "add", "--email", "x@example.org", "--name", "n"], "", "There is no account for x@example.org."),
        (["key", "add", "--email", "m@example.org", "--name", ""], "", "name has 0 characters; use 1 to 100."),
    ],
)
def test_what_cannot_be_done_for_people_is_refused_in_a_sentence(
    run, folder: Path, words: list[str], given: str, sentence: str
) -> None:
    run("user", "add", "--email", "m@example.org", "--data-dir", folder, given=PASSWORD)
    assert run(*words, "--data-dir", folder, given=given) == (1, "", f"fastclip: {sentence}\n")


def test_the_data_folder_may_come_from_the_environment(run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTCLIP_DATA", str(folder))
    assert run("user", "add", "--email", "m@example.org", given=PASSWORD)[0] == 0
    assert (folder / "fastclip.db").exists()


def test_a_wrong_setting_is_said_by_every_command(run, folder: Path) -> None:
    folder.mkdir()
    (folder / "settings.toml").write_text("prot = 1")
    for words in (["user", "add", "--email", "m@example.org"], ["serve"], ["worker"], ["doctor"]):
        code, _, err = run(*words, "--data-dir", folder, given=PASSWORD)
        assert code == 1 and "Did you mean `port`?" in err


def test_every_format_of_the_rules_can_be_asked_for(run) -> None:
    out = run("clip", "--help")[1]
    assert all(format in out for format in (*rules.CONTENT_TYPES, *rules.FORMAT_ALIASES))


# -- Secrets of others -------------------------------------------------------------------------------------


def test_a_providers_secret_is_read_kept_and_forgotten(run, tmp_path: Path) -> None:
    loaded = settings.load(tmp_path)
    code, out, _ = run("secret", "set", "stripe_secret_key", "--data-dir", tmp_path, given="sk_test_1\n")
    assert code == 0 and "kept (secrets.json, mode 0600)" in out and "sk_test_1" not in out
    assert vault.kept(loaded, "stripe_secret_key") == "sk_test_1"
    assert "forgotten" in run("secret", "set", "stripe_secret_key", "--data-dir", tmp_path, given="\n")[1]
    assert vault.kept(loaded, "stripe_secret_key") is None


def test_a_secret_that_nobody_asks_for_is_refused(run, tmp_path: Path) -> None:
    code, _, err = run("secret", "set", "links", "--data-dir", tmp_path, given="x\n")
    assert code == 1 and "stripe_secret_key" in err


def test_the_environment_beats_a_kept_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = settings.load(tmp_path)
    vault.keep(loaded, "btcpay_api_key", "kept")
    monkeypatch.setenv("FASTCLIP_BTCPAY_API_KEY", "given")
    assert vault.kept(loaded, "btcpay_api_key") == "given"


def test_a_backup_by_command_is_a_data_folder(data: Settings, tmp_path: Path, capsys, monkeypatch) -> None:
    accounts.add("owner@example.org", PASSWORD, role="owner")
    copy = tmp_path / "copy"
    monkeypatch.setattr(sys, "argv", ["fastclip", "backup", str(copy), "--data-dir", str(data.data_dir), "--json"])
    assert cli.main() == 0
    said = json.loads(capsys.readouterr().out)
    assert said["folder"] == str(copy) and said["rows_bytes"] > 0 and said["with_secrets"] is True
    store.open(settings.load(copy, queue="memory://"))
    assert accounts.has_owner()
    monkeypatch.setattr(sys, "argv", ["fastclip", "backup", str(data.data_dir), "--data-dir", str(data.data_dir)])
    assert cli.main() == 1 and "goes with it" in capsys.readouterr().err
