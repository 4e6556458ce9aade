//! getrandom(2).

use std::sync::Arc;

use abi::Errno;

use super::{Answer, Args, Call};
use crate::now;
use crate::random;
use crate::task::Task;

/// GRND_NONBLOCK, GRND_RANDOM, GRND_INSECURE: with a generator that is always ready they mean nothing.
const FLAGS: u64 = 0x7;
/// GRND_RANDOM | GRND_INSECURE, which exclude each other.
const CONTRADICTION: u64 = 0x6;
/// The most that one call answers, as on Linux: INT_MAX rounded down to a page.
const MOST: u64 = 0x7fff_f000;
/// How much is made at a time.
const CHUNK: usize = 64 << 10;

pub(super) const CALLS: &[Call] = &[now!(GETRANDOM, getrandom)];

fn getrandom(task: &Arc<Task>, [buffer, length, flags, ..]: Args) -> Answer {
    if flags & !FLAGS != 0 || flags & CONTRADICTION == CONTRADICTION {
        return Err(Errno::EINVAL.into());
    }
    let length = length.min(MOST);
    let mut scratch = vec![0; usize::try_from(length).unwrap_or(CHUNK).min(CHUNK)];
    let mut done: u64 = 0;
    while done < length {
        let wanted = usize::try_from(length - done).unwrap_or(CHUNK).min(CHUNK);
        let piece = scratch.get_mut(..wanted).unwrap_or_default();
        random::fill(piece);
        match task.write_some(buffer.saturating_add(done), piece) {
            Ok(written) => {
                done += written as u64;
                if written < wanted {
                    break;
                }
            }
            Err(_) if done > 0 => break,
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(done)
}
