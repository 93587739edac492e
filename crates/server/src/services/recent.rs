//! What was used lately, within a bound: caches of what can be read again.

use std::collections::HashMap;
use std::hash::Hash;

/// Keeps values up to a total weight. What was not used for longest goes first.
pub(super) struct Recent<K, V> {
    held: HashMap<K, Held<V>>,
    /// Counts uses: the time of this cache.
    now: u64,
    weight: usize,
    max: usize,
}

struct Held<V> {
    value: V,
    weight: usize,
    used: u64,
}

impl<K: Copy + Eq + Hash, V: Clone> Recent<K, V> {
    pub(super) fn new(max: usize) -> Self {
        Self { held: HashMap::new(), now: 0, weight: 0, max }
    }

    pub(super) fn get(&mut self, key: &K) -> Option<V> {
        self.now += 1;
        let held = self.held.get_mut(key)?;
        held.used = self.now;
        Some(held.value.clone())
    }

    pub(super) fn put(&mut self, key: K, value: V, weight: usize) {
        self.now += 1;
        self.remove(&key);
        self.weight += weight;
        self.held.insert(key, Held { value, weight, used: self.now });
        if self.weight > self.max {
            self.make_room();
        }
    }

    pub(super) fn remove(&mut self, key: &K) {
        if let Some(held) = self.held.remove(key) {
            self.weight -= held.weight;
        }
    }

    pub(super) fn clear(&mut self) {
        self.held.clear();
        self.weight = 0;
    }

    /// Makes more room than is needed now, so that a full cache is not sorted at every call. The newest value stays in any case.
    fn make_room(&mut self) {
        let mut by_use: Vec<(u64, K)> = self.held.iter().map(|(key, held)| (held.used, *key)).collect();
        by_use.sort_unstable_by_key(|(used, _)| *used);
        by_use.pop();
        for (_, key) in by_use {
            if self.weight <= self.max / 4 * 3 {
                break;
            }
            self.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let mut recent = Recent::new(8);
        for key in 0..8 {
            recent.put(key, key * 10, 1);
        }
        assert_eq!(recent.get(&0), Some(0));
        recent.put(8, 80, 1);
        assert_eq!((recent.get(&0), recent.get(&1), recent.get(&8)), (Some(0), None, Some(80)));
        assert!(recent.weight <= 6);
    }

    #[test]
    fn weights_are_counted_and_the_newest_stays_whatever_it_weighs() {
        let mut recent = Recent::new(10);
        recent.put('a', 1, 4);
        recent.put('a', 2, 5);
        assert_eq!((recent.get(&'a'), recent.weight), (Some(2), 5));
        recent.put('b', 3, 50);
        assert_eq!((recent.get(&'a'), recent.get(&'b'), recent.weight), (None, Some(3), 50));
        recent.clear();
        assert_eq!((recent.get(&'b'), recent.weight), (None, 0));
    }
}
