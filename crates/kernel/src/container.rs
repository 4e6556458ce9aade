//! Containers: what one container of the pod has for itself.

use std::sync::Arc;

use crate::kernel::Kernel;

/// A container: a process tree, a tree of mounts, limits.
pub struct Container {
    kernel: Arc<Kernel>,
    /// The name that the control protocol uses.
    pub name: String,
}

impl Container {
    /// The kernel of this pod.
    pub fn kernel(&self) -> &Arc<Kernel> {
        &self.kernel
    }
}

#[cfg(test)]
impl Container {
    pub(crate) fn for_tests(kernel: Arc<Kernel>, name: &str) -> Arc<Container> {
        Arc::new(Container { kernel, name: name.to_owned() })
    }
}
