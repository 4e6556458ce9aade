"""Images from a registry, run by docker's rules: Entrypoint, Cmd, Env, WorkingDir and User of the image."""

import os
import subprocess
from pathlib import Path

import pytest

from harness import Outcome, Sandboxed
from harness import registry as registries
from harness.runners import podvisor, run

SAYS = (
    "--config.entrypoint=/bin/sh",
    "--config.entrypoint=-c",
    '--config.entrypoint=echo "$0 $@"; env; pwd; id',
    "--config.cmd=from",
    "--config.cmd=image",
    "--config.env=PATH=/bin",
    "--config.env=COLOUR=blue",
    "--config.workingdir=/home/app",
    "--config.user=app",
)


@pytest.fixture(scope="module")
def pulled(tmp_path_factory):
    """The name of an image at a registry of this module's own."""
    work = tmp_path_factory.mktemp("image")
    with registries.served(tmp_path_factory.mktemp("registry")) as registry:
        yield registry.push(registries.layout(work, registries.busybox_tree(work / "tree"), *SAYS), "team/app")


@pytest.fixture(autouse=True)
def data(tmp_path_factory, monkeypatch):
    """A store of this test's own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))


def image(*words: str) -> Outcome:
    return run([podvisor(), "image", *words], "", dict(os.environ), None)


def test_an_image_runs_as_it_says(pulled: str, sandboxed: Sandboxed):
    lines = sandboxed.run("--image", pulled).stdout.splitlines()
    assert lines[0] == "from image"
    assert "COLOUR=blue" in lines
    assert "/home/app" in lines
    (who,) = (line for line in lines if line.startswith("uid="))
    assert who.startswith("uid=70(app) gid=71(apps)")
    assert "99(extra)" in who


def test_words_replace_the_images_own_and_keep_its_entrypoint(pulled: str, sandboxed: Sandboxed):
    assert sandboxed.run("--image", pulled, "--", "other", "words").stdout.startswith("other words\n")


def test_another_entrypoint_replaces_both(pulled: str, sandboxed: Sandboxed):
    assert sandboxed.run("--image", pulled, "--entrypoint", "/bin/echo").stdout == "\n"
    assert sandboxed.run("--image", pulled, "--entrypoint", "/bin/echo", "--", "a").stdout == "a\n"


def test_flags_count_before_the_image(pulled: str, sandboxed: Sandboxed):
    flags = ("-e", "COLOUR=red", "-w", "/tmp", "-u", "0:0")
    lines = sandboxed.run("--image", pulled, *flags).stdout.splitlines()
    assert "COLOUR=red" in lines
    assert "/tmp" in lines
    assert "uid=0(root) gid=0(root)" in lines


def test_never_pulls_nothing_and_then_runs_what_is_here(pulled: str, sandboxed: Sandboxed):
    refused = sandboxed.run("--image", pulled, "--pull", "never")
    assert (refused.code, "podvisor image pull" in refused.stderr) == (125, True)
    assert image("pull", pulled).code == 0
    assert sandboxed.run("--image", pulled, "--pull", "never").stdout.startswith("from image\n")


def test_an_image_is_pulled_listed_inspected_and_removed(pulled: str):
    seen = image("pull", pulled)
    assert seen.code == 0, seen.stderr
    assert ": complete" in seen.stderr
    assert pulled.removesuffix(":latest") in image("ls").stdout
    assert '"COLOUR=blue"' in image("inspect", pulled).stdout
    assert image("tag", pulled, "other:1").stdout == "other:1\n"
    assert image("rm", pulled, "other:1").code == 0
    assert "freed 0B" not in image("prune").stdout


def test_a_refusal_is_one_line_with_the_name_and_the_reason(pulled: str):
    refused = image("pull", f"{pulled.rsplit(':', 1)[0]}:no")
    assert (refused.code, refused.stderr.count("\n")) == (1, 1)
    assert "manifest unknown" in refused.stderr


@pytest.mark.parametrize("place", ["unfinished", "layers", "blobs"])
def test_a_pull_that_is_killed_leaves_nothing_half_made(pulled: str, sandboxed: Sandboxed, place: str):
    store = Path(os.environ["XDG_DATA_HOME"], "podvisor", "images")
    with subprocess.Popen([podvisor(), "image", "pull", pulled], stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not (store / place).is_dir():
            pass
        while process.poll() is None and not any((store / place).iterdir()):
            pass
        process.kill()
    assert image("pull", pulled).code == 0
    assert list((store / "unfinished").iterdir()) == []
    assert sandboxed.run("--image", pulled, "--pull", "never").stdout.startswith("from image\n")
