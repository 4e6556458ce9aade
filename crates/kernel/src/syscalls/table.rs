//! The table: every family's rows, found by number.

use std::sync::OnceLock;

use super::Call;

/// The families, one to a line.
#[rustfmt::skip]
const FAMILIES: &[&[Call]] = &[
    super::capability::CALLS,
    super::epoll::CALLS,
    super::event::CALLS,
    super::identity::CALLS,
    super::pipe::CALLS,
    super::poll::CALLS,
    super::prctl::CALLS,
    super::random::CALLS,
    super::system::CALLS,
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
    table.get(number as usize).copied().flatten()
}

/// Every row, for documents and tests.
pub fn all() -> impl Iterator<Item = &'static Call> {
    FAMILIES.iter().flat_map(|family| family.iter())
}
