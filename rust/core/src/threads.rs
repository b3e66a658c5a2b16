//! Work shared by a few threads.

use std::sync::{Mutex, OnceLock};

use crate::arch::with_ieee_floats;
use crate::error::{Error, Result};

/// Does `work` on every item, on up to `threads` threads, in no particular order. `room` makes what each of the
/// threads writes to for all of its items.
///
/// Scoped threads: a pool that outlives the call would be dead in a forked process.
///
/// # Errors
/// The first error of any item; the others may not have been worked on then.
pub(crate) fn in_parallel<I: Send, R>(
    threads: usize,
    items: Vec<I>,
    room: impl Fn() -> R + Sync,
    work: impl Fn(&mut R, I) -> Result<()> + Sync,
) -> Result<()> {
    let helpers = threads.min(items.len()).saturating_sub(1);
    let (queue, failure) = (Mutex::new(items.into_iter()), OnceLock::<Error>::new());
    let drain = || {
        with_ieee_floats(|| {
            let mut room = room();
            loop {
                let next = queue.lock().ok().and_then(|mut queue| queue.next());
                let Some(item) = next.filter(|_| failure.get().is_none()) else { return };
                if let Err(error) = work(&mut room, item) {
                    // Another thread's error is as good as this one.
                    let _ = failure.set(error);
                }
            }
        });
    };
    if helpers == 0 {
        drain();
    } else {
        std::thread::scope(|scope| {
            for _ in 0..helpers {
                scope.spawn(drain);
            }
            drain();
        });
    }
    failure.into_inner().map_or(Ok(()), Err)
}
