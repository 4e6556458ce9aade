import pytest

from podvisor.images import errors, reference


@pytest.mark.parametrize(
    ("written", "canonical", "short"),
    [
        ("busybox", "docker.io/library/busybox:latest", "busybox:latest"),
        ("team/app:1.2", "docker.io/team/app:1.2", "team/app:1.2"),
        ("localhost:5000/app", "localhost:5000/app:latest", "localhost:5000/app:latest"),
        ("registry.example/a/b_c:V1", "registry.example/a/b_c:V1", "registry.example/a/b_c:V1"),
        (f"app@sha256:{'0' * 64}", f"docker.io/library/app:latest@sha256:{'0' * 64}", f"app:latest@sha256:{'0' * 64}"),
    ],
)
def test_a_name_is_completed_as_container_tools_do(written, canonical, short):
    read = reference.parse(written)
    assert (read.canonical, str(read)) == (canonical, short)


@pytest.mark.parametrize("written", ["", "App", "a//b", "../x", "a:", "-a", "a@sha256:12", "a b", "a\n"])
def test_what_is_no_name_is_refused(written):
    with pytest.raises(errors.BadReference):
        reference.parse(written)
