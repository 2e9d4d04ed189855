//! What has been worked out and may be asked for again, within a number of bytes.
//!
//! What is asked for stays, what nobody asks for any more makes room: the oldest goes first, unless it was found since it was
//! last looked at. It knows neither what it keeps nor how that is made; who asks says what a thing costs.

use foldhash::quality::RandomState;
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, Hash};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockWriteGuard};

/// Things by their keys.
#[derive(Debug)]
pub struct Remembered<K, V> {
    kept: RwLock<Kept<K, V>>,
    most: usize,
    hashes: RandomState,
    found: AtomicU64,
}

#[derive(Debug)]
struct Kept<K, V> {
    by_hash: HashMap<u64, Entry<K, V>>,
    /// Hashes in the order of their arrival.
    order: VecDeque<u64>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry<K, V> {
    key: K,
    value: V,
    cost: usize,
    used: AtomicBool,
}

impl<K, V: Clone> Remembered<K, V> {
    /// Room for so many bytes; with none, nothing is kept.
    pub fn new(most: usize) -> Self {
        let (by_hash, order) = (HashMap::new(), VecDeque::new());
        Self {
            kept: RwLock::new(Kept {
                by_hash,
                order,
                bytes: 0,
            }),
            most,
            hashes: RandomState::default(),
            found: AtomicU64::new(0),
        }
    }

    /// What a thing is known by.
    pub fn hash(&self, key: impl Hash) -> u64 {
        self.hashes.hash_one(key)
    }

    /// Whether anything that costs so much can be kept.
    pub fn has_room_for(&self, cost: usize) -> bool {
        cost <= self.most
    }

    /// What is kept under a hash, if its key is the one that is meant.
    pub fn find(&self, hash: u64, is_it: impl FnOnce(&K) -> bool) -> Option<V> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let entry = kept.by_hash.get(&hash)?;
        if !is_it(&entry.key) {
            return None;
        }
        entry.used.store(true, Ordering::Relaxed);
        self.found.fetch_add(1, Ordering::Relaxed);
        Some(entry.value.clone())
    }

    /// Keeps a thing, if there is room for it at all.
    pub fn keep(&self, hash: u64, key: K, value: V, cost: usize) {
        if !self.has_room_for(cost) {
            return;
        }
        let mut guard = self.writing();
        let kept = &mut *guard;
        kept.bytes += cost;
        let used = AtomicBool::new(false);
        match kept.by_hash.insert(hash, Entry { key, value, cost, used }) {
            Some(other) => kept.bytes -= other.cost,
            None => kept.order.push_back(hash),
        }
        while kept.bytes > self.most {
            let Some(oldest) = kept.order.pop_front() else { return };
            let used = |entry: &mut Entry<K, V>| std::mem::take(entry.used.get_mut());
            if kept.by_hash.get_mut(&oldest).is_some_and(used) {
                kept.order.push_back(oldest);
            } else if let Some(gone) = kept.by_hash.remove(&oldest) {
                kept.bytes -= gone.cost;
            }
        }
    }

    /// Keeps nothing of what is there.
    pub fn forget(&self) {
        let mut kept = self.writing();
        kept.by_hash.clear();
        kept.order.clear();
        kept.bytes = 0;
    }

    /// How many things there are, and their bytes.
    pub fn used(&self) -> (usize, usize) {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        (kept.by_hash.len(), kept.bytes)
    }

    /// How often something was found.
    pub fn found(&self) -> u64 {
        self.found.load(Ordering::Relaxed)
    }

    /// A panic elsewhere cannot leave the map half-changed, so its poison is no reason to stop.
    fn writing(&self) -> RwLockWriteGuard<'_, Kept<K, V>> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_bounded_and_what_is_asked_for_stays() {
        let remembered: Remembered<&str, usize> = Remembered::new(3);
        let keep = |name: &'static str| remembered.keep(remembered.hash(name), name, name.len(), 1);
        let find = |name: &str| remembered.find(remembered.hash(name), |own| *own == name);
        keep("a");
        for name in ["b", "c", "d", "e", "f"] {
            assert_eq!(find("a"), Some(1), "{name}");
            keep(name);
            assert!(remembered.used().1 <= 3, "{:?}", remembered.used());
        }
        assert_eq!((find("b"), find("f"), remembered.found()), (None, Some(1), 6));
        remembered.keep(remembered.hash("large"), "large", 5, 4);
        assert_eq!(
            (find("large"), find("f")),
            (None, Some(1)),
            "what is larger than all makes no room"
        );
        assert_eq!(
            remembered.find(remembered.hash("f"), |_| false),
            None,
            "the same hash, another thing"
        );
        remembered.forget();
        assert_eq!((find("f"), remembered.used()), (None, (0, 0)));
    }
}
