//! Lets so many heavy requests in at once, keeps some waiting, and refuses the rest: a server that takes everything
//! answers nothing in time.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The gate.
#[derive(Debug)]
pub struct Gate {
    running: usize,
    waiting: usize,
    now: Mutex<Now>,
    free: Condvar,
}

#[derive(Debug, Default)]
struct Now {
    running: usize,
    /// Those let in, running or waiting.
    admitted: usize,
}

/// A place in the queue. Dropping it gives it back.
#[derive(Debug)]
pub struct Ticket<'g> {
    gate: &'g Gate,
    running: bool,
}

impl Gate {
    /// A gate for so many at once and so many behind them.
    pub fn new(running: usize, waiting: usize) -> Self {
        Self {
            running: running.max(1),
            waiting,
            now: Mutex::default(),
            free: Condvar::new(),
        }
    }

    /// Whether there is a place in the queue right now.
    pub fn has_room(&self) -> bool {
        self.lock().admitted < self.running + self.waiting
    }

    /// Those that run, and those let in, running or waiting.
    pub fn used(&self) -> (usize, usize) {
        let now = self.lock();
        (now.running, now.admitted)
    }

    /// A place in the queue, or none if it is full. Does not wait.
    pub fn admit(&self) -> Option<Ticket<'_>> {
        let mut now = self.lock();
        (now.admitted < self.running + self.waiting).then(|| {
            now.admitted += 1;
            Ticket {
                gate: self,
                running: false,
            }
        })
    }

    /// The counts are whole at every instant, so a poisoned lock is as good as any.
    fn lock(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket<'_> {
    /// Waits for the turn. Blocks the thread: not for the threads that read sockets.
    pub fn wait(&mut self) {
        let mut now = self.gate.lock();
        while now.running >= self.gate.running {
            now = self.gate.free.wait(now).unwrap_or_else(PoisonError::into_inner);
        }
        now.running += 1;
        self.running = true;
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let mut now = self.gate.lock();
        now.admitted -= 1;
        if self.running {
            now.running -= 1;
            self.gate.free.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn past_the_queue_there_is_no_place() {
        let gate = Gate::new(1, 1);
        let mut first = gate.admit().unwrap();
        first.wait();
        let second = gate.admit().unwrap();
        assert!(gate.admit().is_none());
        drop(first);
        let third = gate.admit().unwrap();
        drop((second, third));
        let now = gate.lock();
        assert_eq!((now.admitted, now.running), (0, 0));
    }

    #[test]
    fn those_who_wait_get_their_turn() {
        let gate = Gate::new(2, 30);
        let most = Mutex::new(0usize);
        std::thread::scope(|scope| {
            for _ in 0..30 {
                scope.spawn(|| {
                    let mut ticket = gate.admit().unwrap();
                    ticket.wait();
                    let running = gate.lock().running;
                    let mut most = most.lock().unwrap();
                    *most = running.max(*most);
                });
            }
        });
        assert!(*most.lock().unwrap() <= 2);
    }
}
