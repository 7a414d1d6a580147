"""Settings come from the environment, flags win, and unsafe ones are refused (运行设置)."""

from pathlib import Path

import pytest

from dispatch.settings import SOCKET_BYTES, BadSetting, Settings, read, unread, without_password


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path.resolve()


def test_nothing_given_means_sqlite_and_the_embedded_queue_in_hotline_data(here: Path) -> None:
    settings = read({})
    assert settings.database_url == f"sqlite:///{here}/hotline-data/hotline.db"
    assert settings.redis_url is None
    assert settings.dir == here / "hotline-data"
    assert settings.key_file == settings.dir / "seal.key"
    assert settings.models == settings.dir / "models"
    assert not settings.dir.exists(), "reading settings creates nothing"


@pytest.mark.parametrize(
    ("environ", "flags", "database", "folder"),
    [
        ({"HOTLINE_DIR": "a"}, {}, "sqlite:///{here}/a/hotline.db", "a"),
        ({"HOTLINE_DIR": "a"}, {"dir": "b"}, "sqlite:///{here}/b/hotline.db", "b"),
        ({"HOTLINE_DIR": "a"}, {"dir": Path("b")}, "sqlite:///{here}/b/hotline.db", "b"),
        ({"HOTLINE_DATABASE_URL": "sqlite:///c/x.db"}, {}, "sqlite:///{here}/c/x.db", "c"),
        ({"HOTLINE_DATABASE_URL": "sqlite:///x.db?timeout=9"}, {}, "sqlite:///{here}/x.db?timeout=9", "."),
        ({"HOTLINE_DATABASE_URL": "sqlite:///{here}/abs/x.db"}, {}, "sqlite:///{here}/abs/x.db", "abs"),
        (
            {"HOTLINE_DATABASE_URL": "sqlite:///c/x.db", "HOTLINE_DIR": "d"},
            {},
            "sqlite:///{here}/c/x.db",
            "d",
        ),
        (
            {"HOTLINE_DATABASE_URL": "sqlite:///z.db"},
            {"database": "sqlite:///e/y.db"},
            "sqlite:///{here}/e/y.db",
            "e",
        ),
        (
            {"HOTLINE_DATABASE_URL": " ", "HOTLINE_DIR": ""},
            {"database": ""},
            "sqlite:///{here}/hotline-data/hotline.db",
            "hotline-data",
        ),
        (
            {"HOTLINE_DATABASE_URL": "postgresql://u:p@db/desk"},
            {},
            "postgresql://u:p@db/desk",
            "hotline-data",
        ),
        (
            {"HOTLINE_DATABASE_URL": "postgresql+psycopg://u@/desk?host=/run"},
            {},
            "postgresql+psycopg://u@/desk?host=/run",
            "hotline-data",
        ),
    ],
)
def test_flags_beat_variables_and_the_folder_follows_the_file(
    here: Path, environ: dict[str, str], flags: dict[str, str], database: str, folder: str
) -> None:
    settings = read({name: value.replace("{here}", str(here)) for name, value in environ.items()}, **flags)
    assert settings.database_url == database.replace("{here}", str(here))
    assert settings.dir == (here / folder).resolve()


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:sesame@h/d",
        "postgres://u:sesame@h/d",
        "postgresql+asyncpg://u:sesame@h/d",
        "hotline.db",
        "postgresql:u:sesame",
        "postgresql://u:sesame@h",
        "postgresql://u:sesame@h/",
        "postgresql://u:sesame@h:port/d",
        "postgresql://u:sesame@h:99999/d",
        "postgresql://u:ses#ame@h/d",
        "postgresql://u:ses/ame@h/d",
        "postgresql://u:sesame@[h/d",
        "postgresql://u:sesame@h/d\nx",
        "sqlite://",
        "sqlite:///",
        "sqlite://///",
        "sqlite:///:memory:",
        "sqlite:///x.db?mode=memory",
        "sqlite:///file:x.db?uri=true",
        "sqlite://x.db",
        "sqlite:x.db",
        "sqlite:///folder/",
        "sqlite:///.",
    ],
)
def test_a_database_address_nobody_can_use_is_refused_without_telling_its_password(url: str) -> None:
    with pytest.raises(BadSetting) as refused:
        read({}, database=url)
    said = str(refused.value.as_dict())
    assert "HOTLINE_DATABASE_URL" in said
    assert "sesame" not in said and "ame@" not in said


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost:6379/0",
        "redis://127.0.0.1",
        "redis://127.8.9.1:6379",
        "redis://[::1]:6379/2",
        "redis://:secret@queue.example:6379/0",
        "rediss://user:secret@10.0.0.7/1",
        "redis://10.0.0.7/1?password=secret",
        "unix:///run/queue.sock",
        "unix:///run/queue.sock?db=3",
    ],
)
def test_a_safe_redis_is_taken_as_it_stands(url: str) -> None:
    assert read({"HOTLINE_REDIS_URL": url}).redis_url == url
    assert read({"HOTLINE_REDIS_URL": "redis://localhost"}, redis=url).redis_url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:6379",
        "localhost:6379",
        "redis://localhost:sesame",
        "redis://localhost/first",
        "redis://localhost/1/2",
        "redis://localhost/²",
        "unix://run/queue.sock",
        "unix:///",
        "unix:///" + "长" * 40,
        "redis://queue.example:6379/0",
        "redis://user@10.0.0.7:6379",
        "redis://:@10.0.0.7:6379",
        "rediss://10.0.0.7:6379?password=",
        "redis://0.0.0.0:6379",
    ],
)
def test_a_redis_that_is_unsafe_or_nonsense_is_refused(url: str) -> None:
    with pytest.raises(BadSetting, match=r"Redis|HOTLINE_REDIS_URL"):
        read({}, redis=url)


def test_an_open_redis_elsewhere_needs_a_switch_of_its_own() -> None:
    url = "redis://queue:6379/0"
    assert read({"HOTLINE_ALLOW_OPEN_REDIS": "1"}, redis=url).redis_url == url
    with pytest.raises(BadSetting):
        read({"HOTLINE_ALLOW_OPEN_REDIS": "0"}, redis=url)
    with pytest.raises(BadSetting, match="HOTLINE_ALLOW_OPEN_REDIS"):
        read({"HOTLINE_ALLOW_OPEN_REDIS": "perhaps"})


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o440])
def test_a_key_file_of_owner_and_group_is_taken(here: Path, mode: int) -> None:
    key = here / "my.key"
    key.write_bytes(b"k")
    key.chmod(mode)
    assert read({"HOTLINE_KEY_FILE": "my.key"}).key_file == key


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o660, 0o602, 0o601])
def test_a_key_file_that_others_may_touch_is_refused_with_the_cure(here: Path, mode: int) -> None:
    (here / "hotline-data").mkdir()
    key = here / "hotline-data" / "seal.key"
    key.write_bytes(b"k")
    key.chmod(mode)
    with pytest.raises(BadSetting) as refused:
        read({})
    assert refused.value.advice == f"请执行 chmod 600 {key}"


def test_folders_and_files_in_each_others_place_are_refused(here: Path) -> None:
    (here / "plain").write_text("")
    with pytest.raises(BadSetting, match="不是目录"):
        read({"HOTLINE_DIR": "plain"})
    with pytest.raises(BadSetting, match="不是文件"):
        read({"HOTLINE_KEY_FILE": str(here)})
    with pytest.raises(BadSetting, match="问号"):
        read({"HOTLINE_DIR": "what?"})


def test_the_socket_is_short_and_one_per_folder(here: Path) -> None:
    deep = "/".join(["很深的目录"] * 20)
    first, again, other = read({"HOTLINE_DIR": deep}), read({}, dir=deep), read({"HOTLINE_DIR": "b"})
    assert first.socket == again.socket != other.socket
    assert first.socket.parent == other.socket.parent
    for temporary in (str(here), "/" + "t" * 90, "relative"):
        socket = read({"TMPDIR": temporary}).socket
        assert socket.is_absolute()
        assert len(bytes(socket)) < SOCKET_BYTES
    (here / "real").mkdir()
    (here / "link").symlink_to("real")
    assert read({}, dir="link").socket == read({}, dir="real").socket


def test_passwords_are_in_no_repr_and_in_nothing_shown() -> None:
    settings = read(
        {}, database="postgresql://u:secret@db/desk", redis="rediss://x:secret@q/0?password=secret"
    )
    assert isinstance(settings, Settings)
    assert "secret" not in repr(settings) + str(settings.shown())
    assert settings.shown()["database"] == "postgresql://u:***@db/desk"
    assert read({}).shown()["redis"].startswith("unix:///")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:secret@q:1/0", "redis://:***@q:1/0"),
        ("redis://q/0?db=1&password=secret", "redis://q/0?db=1&password=***"),
        ("redis://q/0", "redis://q/0"),
        ("sqlite:////a/b@c:d.db", "sqlite:////a/b@c:d.db"),
    ],
)
def test_an_address_is_shown_without_its_password(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_a_misspelt_variable_is_found() -> None:
    environ = {"HOTLINE_DATABSE_URL": "x", "HOTLINE_DIR": "y", "HOTLINE_TEST_REDIS_URL": "z", "PATH": "/bin"}
    assert unread(environ) == ("HOTLINE_DATABSE_URL",)
