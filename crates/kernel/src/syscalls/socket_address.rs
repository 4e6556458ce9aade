//! Socket addresses in and out of a guest's memory, and the nodes of Unix names.

use std::sync::Arc;

use abi::Errno;
use abi::socket::SOCKADDR_MAX;
use abi::stat::{S_IFMT, S_IFSOCK};

use crate::net::{Address, UnixName};
use crate::task::{Task, UserPtr};
use crate::vfs::permission::{self, Access};
use crate::vfs::walk::Walk;
use crate::vfs::{NewNode, change};

/// Reads an address argument; a Unix path is as it was given.
pub(super) fn read(task: &Task, address: u64, length: u64) -> Result<Address, Errno> {
    let length = usize::try_from(length as i32).ok().filter(|n| *n <= SOCKADDR_MAX).ok_or(Errno::EINVAL)?;
    let mut bytes = vec![0; length];
    task.read_bytes(address, &mut bytes)?;
    Address::parse(&bytes)
}

/// Reads an address argument that may be null.
pub(super) fn read_optional(task: &Arc<Task>, address: u64, length: u64) -> Result<Option<Address>, Errno> {
    match address {
        0 => Ok(None),
        _ if length as i32 == 0 => Ok(None),
        _ => find_node(task, read(task, address, length)?).map(Some),
    }
}

/// Writes an address as far as there is room and its whole length, as accept(2) and others do. `None` is
/// an address without length.
pub(super) fn write(task: &Task, place: u64, length: u64, address: Option<&Address>) -> Result<(), Errno> {
    let room = usize::try_from(task.read(UserPtr::<i32>::new(length))?).map_err(|_| Errno::EINVAL)?;
    let bytes = address.map(Address::encode).unwrap_or_default();
    task.write_bytes(place, bytes.get(..room.min(bytes.len())).unwrap_or_default())?;
    task.write(UserPtr::new(length), &i32::try_from(bytes.len()).unwrap_or(i32::MAX))
}

/// The address with the socket's node where it is a path: `ECONNREFUSED` where no socket is there.
pub(super) fn find_node(task: &Arc<Task>, address: Address) -> Result<Address, Errno> {
    let Address::Unix(UnixName::Path(path, None)) = address else { return Ok(address) };
    let found = Walk::of(task).find(&path, true)?;
    let stat = found.stat()?;
    permission::check(&task.credentials(), &stat, Access::WRITE)?;
    if stat.mode & S_IFMT != S_IFSOCK {
        return Err(Errno::ECONNREFUSED);
    }
    Ok(Address::Unix(UnixName::Path(path, Some(Arc::clone(found.inode())))))
}

/// Makes the node of a Unix path that a socket is to be bound to: `EADDRINUSE` where something is there.
pub(super) fn make_node(task: &Arc<Task>, address: Address) -> Result<Address, Errno> {
    let Address::Unix(UnixName::Path(path, None)) = address else { return Ok(address) };
    let taken = |errno| if errno == Errno::EEXIST { Errno::EADDRINUSE } else { errno };
    let place = Walk::of(task).place(&path)?;
    let made = change::create(task, &place, NewNode::Socket, 0o777).map_err(taken)?;
    Ok(Address::Unix(UnixName::Path(path, Some(Arc::clone(made.inode())))))
}
