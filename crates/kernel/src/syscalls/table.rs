//! The table: every family's rows, found by number.

use std::sync::OnceLock;

use super::Call;

/// The families, one to a line.
#[rustfmt::skip]
const FAMILIES: &[&[Call]] = &[
    super::attributes::CALLS,
    super::capability::CALLS,
    super::descriptor::CALLS,
    super::directory::CALLS,
    super::epoll::CALLS,
    super::event::CALLS,
    super::exec::CALLS,
    super::identity::CALLS,
    super::inotify::CALLS,
    super::ioctl::CALLS,
    super::limits::CALLS,
    super::link::CALLS,
    super::lock::CALLS,
    super::memory::CALLS,
    super::message::CALLS,
    super::mount::CALLS,
    super::open::CALLS,
    super::pidfd::CALLS,
    super::mqueue::CALLS,
    super::pipe::CALLS,
    super::poll::CALLS,
    super::prctl::CALLS,
    super::process::CALLS,
    super::random::CALLS,
    super::rw::CALLS,
    super::sched::CALLS,
    super::signal::CALLS,
    super::size::CALLS,
    super::socket::CALLS,
    super::splice::CALLS,
    super::stat::CALLS,
    super::system::CALLS,
    super::sysv_msg::CALLS,
    super::sysv_sem::CALLS,
    super::sysv_shm::CALLS,
    super::time::CALLS,
    super::timer::CALLS,
    super::xattr::CALLS,
];

/// The row of call `number`, or `None`: the call answers `ENOSYS`.
pub fn find(number: u32) -> Option<&'static Call> {
    static BY_NUMBER: OnceLock<Vec<Option<&'static Call>>> = OnceLock::new();
    let table = BY_NUMBER.get_or_init(|| {
        let rows = || FAMILIES.iter().flat_map(|family| family.iter());
        let size = rows().map(|call| call.number).max().map_or(0, |number| number as usize + 1);
        let mut table = vec![None; size];
        for call in rows() {
            if let Some(slot) = table.get_mut(call.number as usize) {
                *slot = Some(call);
            }
        }
        table
    });
    let private = || super::exec::PRIVATE.iter().find(|call| call.number == number);
    table.get(number as usize).copied().flatten().or_else(private)
}

/// Every row, for documents and tests.
pub fn all() -> impl Iterator<Item = &'static Call> {
    FAMILIES.iter().flat_map(|family| family.iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_call_has_two_rows() {
        let mut numbers: Vec<u32> = all().map(|call| call.number).collect();
        numbers.sort_unstable();
        let twice: Vec<_> = numbers.windows(2).filter(|pair| pair.first() == pair.last()).collect();
        assert!(twice.is_empty(), "twice in the table: {twice:?}");
    }
}
