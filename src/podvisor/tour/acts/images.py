"""An image of one's own: a directory becomes an EROFS layer, runs as a pod, and goes through a file unchanged."""

import asyncio
import shutil
import subprocess
from pathlib import Path

from podvisor import sdk
from podvisor.sdk.objects.core import Pod
from podvisor.tour.screen import Wrong
from podvisor.tour.stage import Stage, podvisor

NAME = "greeter:1"
GREETING = "hello from an image of my own\n"
OWN_MAPS = 'while read -r line; do echo "$line"; done </proc/$$/maps'
"""Makes a shell say which files it runs from, with nothing but its own commands."""


async def play(stage: Stage) -> None:
    """Make an image, run it, and save it twice."""
    stage.screen.act("An image of one's own (image.yaml)")
    async with stage.screen.step("a directory becomes an image") as step:
        step.said = await make(stage)
    async with stage.screen.step("a pod runs it, without any registry") as step:
        await stage.apply("image")
        await stage.until(sdk.kinds.PODS, "greeter", _has_ended)
        said = await stage.hands.logs("greeter", "main")
        if said != GREETING:
            raise Wrong(f"it said {said!r}")
        step.said = said.strip()
    async with stage.screen.step("saved, loaded and saved again, it is the same, byte for byte") as step:
        step.said = await asyncio.to_thread(_amount, await _twice(stage))


async def make(stage: Stage) -> str:
    """Import a directory with a shell; what the import said."""
    tree = stage.directory.root / "greeter"
    await asyncio.to_thread(_fill, tree)
    return (await image_command(stage, "import", NAME, str(tree))).strip()


async def _twice(stage: Stage) -> Path:
    first, second = (stage.directory.root / f"greeter-{number}.tar" for number in (1, 2))
    await image_command(stage, "save", "-o", str(first), NAME)
    await image_command(stage, "load", "-i", str(first))
    await image_command(stage, "save", "-o", str(second), NAME)
    if await asyncio.to_thread(first.read_bytes) != await asyncio.to_thread(second.read_bytes):
        raise Wrong("the archives differ")
    return first


async def image_command(stage: Stage, *words: str) -> str:
    """What `podvisor image` prints about the tour's own images. Raises Wrong."""
    done = await podvisor("image", "--data-dir", str(stage.directory.root), *words)
    if done.exit_code:
        raise Wrong(f"podvisor image {words[0]}: {done.stderr.strip()}")
    return done.stdout


def _fill(tree: Path) -> None:
    """This machine's shell with its libraries and loader, where a loader looks for them, and a greeting."""
    maps = subprocess.run(["/bin/sh", "-c", OWN_MAPS], capture_output=True, text=True, check=True).stdout
    files = {Path(line.split()[-1]) for line in maps.splitlines() if " /" in line}
    for file in files:
        places = {file}
        if file.name.startswith("ld-"):
            places |= {Path("/lib64", file.name), Path("/lib", file.name)}
        for place in places:
            target = tree / place.relative_to("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    shell = tree / "bin/sh"
    shell.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(Path("/bin/sh").resolve(), shell)
    (tree / "greeting").write_text(GREETING)


def _amount(archive: Path) -> str:
    return f"{archive.stat().st_size} bytes"


def _has_ended(pod: Pod) -> bool:
    return pod.status.phase in ("Succeeded", "Failed")
