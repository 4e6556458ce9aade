"""Each flag does what it says, and each bad value gets one line that names it and exit code 125."""

from pathlib import Path

import pytest

from harness import Sandboxed


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (["--memory", "lots"], ["--memory", "lots"]),
        (["--memory", "1k"], ["--memory", "1k"]),
        (["--cpus", "none"], ["--cpus", "none"]),
        (["--cpus", "0"], ["--cpus", "0"]),
        (["--pids", "0"], ["--pids", "0"]),
        (["--pids", "x"], ["--pids", "x"]),
        (["--env", "=x"], ["--env", "=x"]),
        (["--workdir", "relative"], ["--workdir", "relative"]),
        (["--user", "a:b:c"], ["--user", "a:b:c"]),
        (["--mount", "/tmp"], ["--mount", "/tmp"]),
        (["--mount", "/no/such:/x"], ["--mount", "/no/such", "No such file"]),
        (["--mount", "/tmp:relative"], ["--mount", "/tmp:relative"]),
        (["--mount", "/tmp:/x:rx"], ["--mount", "/tmp:/x:rx"]),
        (["--mount", "/dev/null:/x"], ["--mount", "/dev/null", "neither a directory nor"]),
        (["--image", "No Name"], ["No Name"]),
        (["--image", "nobody/pulled:this", "--pull", "never"], ["nobody/pulled:this", "podvisor image pull"]),
        (["--colour"], ["--colour"]),
    ],
    ids=" ".join,
)
def test_a_bad_value_is_one_line_that_names_it(sandboxed: Sandboxed, flags: list[str], named: list[str]):
    outcome = sandboxed.run(*flags, "--", "true")
    assert outcome.code == 125
    assert outcome.stdout == ""
    assert outcome.stderr.startswith("podvisor: ")
    assert outcome.stderr.count("\n") == 1
    assert [word for word in named if word not in outcome.stderr] == []


def test_a_missing_command_is_one_line(sandboxed: Sandboxed):
    outcome = sandboxed.run()
    assert outcome.code == 125
    assert outcome.stderr.count("\n") == 1


def test_variables_are_set_and_nothing_of_the_caller_is(sandboxed: Sandboxed, monkeypatch):
    monkeypatch.setenv("SECRET", "token")
    monkeypatch.setenv("LENT", "lent")
    outcome = sandboxed.shell("env | sort", "--env", "A=1", "--env", "B=x=y", "--env", "LENT", "--env", "UNSET")
    variables = dict(line.split("=", 1) for line in outcome.stdout.splitlines())
    assert (variables["A"], variables["B"], variables["LENT"]) == ("1", "x=y", "lent")
    assert {"PATH", "HOME", "HOSTNAME"} <= variables.keys()
    assert {"SECRET", "UNSET"}.isdisjoint(variables)


def test_the_usual_variables_are_there_without_any(sandboxed: Sandboxed):
    outcome = sandboxed.run("--", "env")
    variables = dict(line.split("=", 1) for line in outcome.stdout.splitlines())
    assert variables["HOME"] == "/root"
    assert variables["HOSTNAME"] == "podvisor"
    assert "/usr/bin" in variables["PATH"].split(":")


def test_the_working_directory(sandboxed: Sandboxed):
    assert sandboxed.run("--", "pwd").stdout == "/\n"
    assert sandboxed.run("--workdir", "/usr/share", "--", "pwd").stdout == "/usr/share\n"


@pytest.mark.parametrize(
    ("user", "ids"),
    [("0", "0:0"), ("1234:99", "1234:99"), ("1234", "1234:0"), ("nobody", "65534:65534"), ("nobody:daemon", "65534:1")],
)
def test_the_user(sandboxed: Sandboxed, user: str, ids: str):
    assert sandboxed.shell("echo $(id -u):$(id -g)", "--user", user).stdout == f"{ids}\n"


def test_another_user_is_bound_by_permissions(sandboxed: Sandboxed):
    outcome = sandboxed.shell("touch /etc/mine; ls /root; echo $?; touch /tmp/mine && echo fine", "--user", "1000")
    assert "Permission denied" in outcome.stderr
    assert outcome.stdout == "2\nfine\n"


def test_a_mount_shows_a_directory_and_takes_writes(sandboxed: Sandboxed, tmp_path: Path):
    (tmp_path / "in").write_text("from the host")
    outcome = sandboxed.shell("cat /data/in; echo from inside >/data/out", "--mount", f"{tmp_path}:/data")
    assert outcome.stdout == "from the host"
    assert (tmp_path / "out").read_text() == "from inside\n"


def test_a_read_only_mount_takes_none(sandboxed: Sandboxed, tmp_path: Path):
    outcome = sandboxed.shell("echo x >/data/out", "--mount", f"{tmp_path}:/data:ro")
    assert "Read-only file system" in outcome.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_mounted_file(sandboxed: Sandboxed, tmp_path: Path):
    (tmp_path / "conf").write_text("a=1\n")
    outcome = sandboxed.shell("cat /etc/app.conf; ls /etc/app.conf", "--mount", f"{tmp_path / 'conf'}:/etc/app.conf:ro")
    assert outcome.stdout == "a=1\n/etc/app.conf\n"


def test_a_mount_cannot_be_left_upwards_or_through_links(sandboxed: Sandboxed, tmp_path: Path):
    (tmp_path / "secret").write_text("secret")
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "link").symlink_to("../secret")
    (shared / "absolute").symlink_to(tmp_path / "secret")
    script = "cd /data; cat ../secret link absolute; ls .. | grep -c secret"
    outcome = sandboxed.shell(script, "--mount", f"{shared}:/data")
    assert "secret\n" not in outcome.stdout.replace("0\n", "")
    assert outcome.stderr.count("No such file or directory") == 3


def test_a_relative_source_is_found_from_here(sandboxed: Sandboxed, tmp_path: Path, monkeypatch):
    (tmp_path / "here").mkdir()
    (tmp_path / "here/file").write_text("found")
    monkeypatch.chdir(tmp_path)
    assert sandboxed.run("--mount", "here:/x:ro", "--", "cat", "/x/file").stdout == "found"
