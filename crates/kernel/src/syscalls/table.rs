//! The table: every family's rows, found by number.

use std::sync::OnceLock;

use super::{Call, capability, identity, prctl, random, system};

/// The families.
const FAMILIES: &[&[Call]] = &[capability::CALLS, identity::CALLS, prctl::CALLS, random::CALLS, system::CALLS];

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
