//! Ends: stopping containers, and telling what has ended.
//!
//! Owns: the order of what is told: ends before the answer to the `stop` that brought them about. A
//! stop holds up nobody else: it is answered when nothing of the container is left.

use std::sync::Arc;

use control::{Answer, Event, Failure, Reply};
use kernel::container::Container;
use platform::Ended;

use super::Server;

/// A container that is being stopped, and the request that is answered when it is.
pub(super) struct Stopping {
    id: u64,
    container: Arc<Container>,
}

impl Server {
    pub(super) fn stop(&mut self, id: u64, name: &str) -> Result<(), Failure> {
        let container = self.container(name)?;
        container.stop();
        self.stopping.push(Stopping { id, container });
        Ok(())
    }

    /// Answers the stops of what is gone. Its name may be another container's already.
    pub(super) fn answer_stops(&mut self) {
        let (over, going) = std::mem::take(&mut self.stopping).into_iter().partition(|one| !one.container.lives());
        self.stopping = going;
        let over: Vec<Stopping> = over;
        for Stopping { id, container } in over {
            if self.kernel.container(&container.name).is_some_and(|known| Arc::ptr_eq(&known, &container)) {
                self.kernel.remove_container(&container.name);
            }
            self.socket.send(&Answer { id, result: Ok(Reply::Done {}) });
        }
    }

    /// Kills everything and waits for the end of it.
    pub(super) fn end_all(&self) {
        let containers = self.kernel.containers();
        containers.iter().for_each(|container| container.stop());
        while containers.iter().any(|container| container.lives()) {
            self.kernel.step(None);
        }
        self.platform.end();
    }

    pub(super) fn tell_exits(&mut self) {
        let exits = self.kernel.exits.take();
        if !exits.is_empty() {
            self.look_after_spawner();
        }
        for exit in exits {
            if self.crippled {
                return;
            }
            if self.terminals.remove(&(exit.container.clone(), exit.pid)).is_some() {
                self.kernel.runtime.run_ready();
            }
            let (code, signal) = match exit.ended {
                Ended::Exited(code) => (Some(code), None),
                Ended::Killed(signal) => (None, Some(signal.number() as u8)),
            };
            self.socket.send(&Event::Exited {
                container: exit.container,
                pid: exit.pid.0 as u32,
                code,
                signal,
                oom: exit.out_of_memory,
                init: exit.init,
            });
        }
    }
}
