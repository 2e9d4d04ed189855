//! What to look at, and in which order: where a person's look avoids most wrong rows.
//!
//! An item that occurs `n` times and whose best suggestion is right with probability `p` makes `n (1 - p)` wrong rows if
//! nobody looks. Ties go to the more frequent, then to the tuple itself, so that the order is always the same.

use super::item::Item;
use super::state::State;

/// Who looks, and at what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The reviewer, as far as it matters what they have decided before.
    pub who: String,
    /// One of two who do not see each other's decisions.
    pub blind: bool,
    /// What the mapper mapped by itself, too.
    pub auto: bool,
    /// What is decided, too.
    pub decided: bool,
}

impl Wanted {
    /// Whether an item is this reviewer's business.
    pub fn takes(&self, item: &Item) -> bool {
        let standing = &item.standing;
        if let Some(first) = &standing.first_of_two {
            return self.blind && (*first != self.who || self.decided);
        }
        if !standing.dispute.is_empty() {
            return !self.blind;
        }
        match standing.state {
            State::Auto => self.auto,
            State::Accepted | State::NoMatch => self.decided && !self.blind,
            State::Suggested | State::Rejected | State::NeedsSecondReview => true,
        }
    }
}

/// The items that are wanted, most wrong rows avoided first.
pub fn queue(items: Vec<Item>, wanted: &Wanted) -> Vec<Item> {
    let mut queue: Vec<Item> = items.into_iter().filter(|item| wanted.takes(item)).collect();
    queue.sort_by(|left, right| {
        right
            .expected_errors()
            .total_cmp(&left.expected_errors())
            .then(right.count.total_cmp(&left.count))
            .then_with(|| left.source.cmp(&right.source))
            .then_with(|| left.scope.cmp(&right.scope))
    });
    queue
}
