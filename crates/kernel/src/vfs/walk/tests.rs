use abi::Errno;
use abi::nr;

use super::{Last, Resolve, Walk};
use crate::testing::Guest;

/// A guest with /d/e/file, /link -> d/e, /loop -> loop, /d/up -> ../d, /abs -> /d.
fn guest() -> Guest {
    let guest = Guest::new();
    for path in ["/d", "/d/e"] {
        guest.call(nr::MKDIR, &[guest.text(path), 0o755]).unwrap();
    }
    guest.call(nr::MKNOD, &[guest.text("/d/e/file"), 0o100644, 0]).unwrap();
    for (target, path) in
        [("d/e", "/link"), ("loop", "/loop"), ("../d", "/d/up"), ("/d", "/abs"), ("nowhere", "/dangling")]
    {
        guest.call(nr::SYMLINK, &[guest.text(target), guest.text(path)]).unwrap();
    }
    guest
}

fn found(guest: &Guest, path: &str) -> Result<String, Errno> {
    let root = guest.task.fs().root.lock().clone();
    let path = Walk::of(&guest.task).find(path.as_bytes(), true)?;
    Ok(String::from_utf8_lossy(&path.below(&root).unwrap()).into_owned())
}

#[test]
fn links_dots_and_slashes_lead_where_they_say() {
    let guest = guest();
    for (path, place) in [
        ("/", "/"),
        ("//d///e/", "/d/e"),
        ("/link/file", "/d/e/file"),
        ("/link/..", "/d"),
        ("/d/up/e/../up/up/e/file", "/d/e/file"),
        ("/../../abs/e/.", "/d/e"),
        ("d/./e", "/d/e"),
    ] {
        assert_eq!(found(&guest, path).as_deref(), Ok(place), "{path}");
    }
}

#[test]
fn each_wrong_path_has_its_own_error() {
    let guest = guest();
    let long = format!("/{}", "n".repeat(256));
    for (path, errno) in [
        ("", Errno::ENOENT),
        ("/nothing", Errno::ENOENT),
        ("/d/e/file/", Errno::ENOTDIR),
        ("/d/e/file/.", Errno::ENOTDIR),
        ("/d/e/file/..", Errno::ENOTDIR),
        ("/loop", Errno::ELOOP),
        ("/dangling", Errno::ENOENT),
        (long.as_str(), Errno::ENAMETOOLONG),
    ] {
        assert_eq!(found(&guest, path), Err(errno), "{path}");
    }
}

#[test]
fn a_directory_without_search_permission_hides_what_is_in_it_from_users() {
    let guest = guest();
    guest.call(nr::CHMOD, &[guest.text("/d"), 0o644]).unwrap();
    assert_eq!(found(&guest, "/d/e/file").as_deref(), Ok("/d/e/file"));
    guest.become_user(1000);
    assert_eq!(found(&guest, "/d/e"), Err(Errno::EACCES));
    assert_eq!(found(&guest, "/d").as_deref(), Ok("/d"));
}

#[test]
fn openat2_restrictions_hold() {
    let guest = guest();
    let start = Walk::of(&guest.task).find(b"/d", true).unwrap();
    let walk = |resolve, path: &str| {
        let walk = Walk::of(&guest.task).from(start.clone()).restricted(resolve);
        walk.find(path.as_bytes(), true).map(|_| ())
    };
    assert_eq!(walk(Resolve::BENEATH, "e/../e/file"), Ok(()));
    assert_eq!(walk(Resolve::BENEATH, ".."), Err(Errno::EXDEV));
    assert_eq!(walk(Resolve::BENEATH, "/d"), Err(Errno::EXDEV));
    assert_eq!(walk(Resolve::BENEATH, "up"), Err(Errno::EXDEV));
    assert_eq!(walk(Resolve::IN_ROOT, "/../../e/file"), Ok(()));
    assert_eq!(walk(Resolve::NO_SYMLINKS, "up"), Err(Errno::ELOOP));
}

#[test]
fn the_last_component_is_left_to_who_makes_it() {
    let guest = guest();
    let place = Walk::of(&guest.task).place(b"/link/new/").unwrap();
    assert_eq!((place.last, place.slash), (Last::Name(b"new".to_vec()), true));
    assert_eq!(Walk::of(&guest.task).place(b"/d/..").unwrap().last, Last::DotDot);
    assert_eq!(Walk::of(&guest.task).place(b"/").unwrap().last, Last::Root);
}

#[test]
fn a_place_moves_with_a_rename_above_it_and_tells_when_it_is_gone() {
    let guest = guest();
    let root = guest.task.fs().root.lock().clone();
    let file = Walk::of(&guest.task).find(b"/d/e/file", true).unwrap();
    guest.call(nr::RENAME, &[guest.text("/d/e"), guest.text("/f")]).unwrap();
    assert_eq!(file.describe(&root), b"/f/file");
    guest.call(nr::UNLINK, &[guest.text("/f/file")]).unwrap();
    assert_eq!(file.describe(&root), b"/f/file (deleted)");
}
