//! System V and POSIX inter-process communication, shared by the containers of a pod as in
//! Kubernetes.

/// The pod's IPC objects.
#[derive(Default)]
pub struct Ipc {}
