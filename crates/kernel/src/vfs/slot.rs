//! What another room hangs on an inode.

use std::any::Any;
use std::sync::Arc;

use crate::sync::Mutex;

/// A place on an inode for the object behind a FIFO's or a socket's name. The file system keeps it
/// as long as the inode lives and never looks inside.
#[derive(Default)]
pub struct Slot(Mutex<Option<Arc<dyn Any + Send + Sync>>>);

impl Slot {
    /// The object, where there is one and it is a `T`.
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let object = self.0.lock().clone()?;
        object.downcast().ok()
    }

    /// The object, made by `make` where there is none.
    pub fn get_or_put<T: Send + Sync + 'static>(&self, make: impl FnOnce() -> Arc<T>) -> Arc<T> {
        if let Some(object) = self.get() {
            return object;
        }
        let object = make();
        self.put(Some(Arc::clone(&object)));
        object
    }

    /// Sets or removes the object.
    pub fn put<T: Send + Sync + 'static>(&self, object: Option<Arc<T>>) {
        let object = object.map(|object| object as Arc<dyn Any + Send + Sync>);
        let old = std::mem::replace(&mut *self.0.lock(), object);
        drop(old);
    }
}
