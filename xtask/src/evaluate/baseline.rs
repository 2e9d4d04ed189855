//! The baseline: cosine of character 2- and 3-grams weighed by tf-idf, names only, as string matchers score.
//!
//! It sees the name of the source and the display of each target, and nothing else: no unit, no specimen, no synonym.
//! An inverted index keeps a query over 100,000 names at milliseconds.

use std::collections::HashMap;
use tern::mapper::train::Prediction;
use tern_index::model::Ordinal;
use tern_index::read::CodeSystemIndex;
use tern_index::text::fold;

/// Codes of a prediction.
const LISTED: usize = 10;

/// Targets by the n-grams of their names.
pub struct NameIndex {
    targets: Vec<Ordinal>,
    grams: HashMap<u64, u32>,
    /// By gram: places of targets with their weights, of which the squares sum to 1 for each target.
    postings: Vec<Vec<(u32, f32)>>,
    idf: Vec<f32>,
}

/// Sums by the place of a target, and the places that are not 0: used again from query to query.
pub struct Room {
    sums: Vec<f32>,
    touched: Vec<u32>,
}

/// The 2- and 3-grams of a text with a blank at both ends, each with how often it occurs, in the order of the text.
fn grams(text: &str) -> Vec<(u64, f32)> {
    let folded = fold(text);
    let words: Vec<&str> = folded.split_whitespace().collect();
    let characters: Vec<char> = format!(" {} ", words.join(" ")).chars().collect();
    let mut counts: Vec<(u64, f32)> = Vec::new();
    let mut places: HashMap<u64, usize> = HashMap::new();
    for width in [2, 3] {
        for window in characters.windows(width) {
            // A character has 21 bits.
            let key = window.iter().fold(0u64, |key, character| (key << 21) | u64::from(*character));
            let place = *places.entry(key).or_insert_with(|| {
                counts.push((key, 0.0));
                counts.len() - 1
            });
            if let Some((_, count)) = counts.get_mut(place) {
                *count += 1.0;
            }
        }
    }
    counts
}

impl NameIndex {
    /// Indexes the displays of these concepts.
    pub fn build(system: &CodeSystemIndex, targets: &[Ordinal]) -> Self {
        Self::of_names(
            targets.to_vec(),
            targets
                .iter()
                .map(|target| system.display(*target).unwrap_or_default().into_owned()),
        )
    }

    fn of_names(targets: Vec<Ordinal>, names: impl Iterator<Item = String>) -> Self {
        let mut index = Self {
            targets,
            grams: HashMap::new(),
            postings: Vec::new(),
            idf: Vec::new(),
        };
        let mut lengths: Vec<f32> = Vec::new();
        for (place, name) in (0u32..).zip(names) {
            for (gram, count) in grams(&name) {
                let number = index.grams.len() as u32;
                let number = *index.grams.entry(gram).or_insert(number);
                if index.postings.len() <= number as usize {
                    index.postings.push(Vec::new());
                }
                if let Some(postings) = index.postings.get_mut(number as usize) {
                    postings.push((place, count));
                }
            }
            lengths.push(0.0);
        }
        let all = 1.0 + lengths.len() as f32;
        index.idf = index
            .postings
            .iter()
            .map(|postings| (all / (1.0 + postings.len() as f32)).ln() + 1.0)
            .collect();
        for (postings, idf) in index.postings.iter_mut().zip(&index.idf) {
            for (place, weight) in postings.iter_mut() {
                *weight *= idf;
                if let Some(length) = lengths.get_mut(*place as usize) {
                    *length += *weight * *weight;
                }
            }
        }
        for (place, weight) in index.postings.iter_mut().flatten() {
            let length = lengths.get(*place as usize).copied().unwrap_or_default();
            *weight /= length.sqrt().max(f32::MIN_POSITIVE);
        }
        index
    }

    /// Room for queries of one thread.
    pub fn room(&self) -> Room {
        Room {
            sums: vec![0.0; self.targets.len()],
            touched: Vec::new(),
        }
    }

    /// Targets by their cosine with a name, best first.
    fn nearest(&self, name: &str, room: &mut Room) -> Vec<(Ordinal, f32)> {
        let mut length = 0.0f32;
        for (gram, count) in grams(name) {
            let Some(number) = self.grams.get(&gram).map(|number| *number as usize) else {
                // What no name has still tells the source from all of them: with the idf of an unknown gram.
                let weight = count * ((1.0 + self.targets.len() as f32).ln() + 1.0);
                length += weight * weight;
                continue;
            };
            let weight = count * self.idf.get(number).copied().unwrap_or_default();
            length += weight * weight;
            for (place, own) in self.postings.get(number).into_iter().flatten() {
                if let Some(sum) = room.sums.get_mut(*place as usize) {
                    if *sum == 0.0 {
                        room.touched.push(*place);
                    }
                    *sum += weight * own;
                }
            }
        }
        let length = length.sqrt().max(f32::MIN_POSITIVE);
        let mut found: Vec<(u32, f32)> = Vec::with_capacity(room.touched.len());
        for place in room.touched.drain(..) {
            if let Some(sum) = room.sums.get_mut(place as usize) {
                found.push((place, *sum / length));
                *sum = 0.0;
            }
        }
        let by_cosine = |left: &(u32, f32), right: &(u32, f32)| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0));
        if found.len() > LISTED {
            found.select_nth_unstable_by(LISTED, by_cosine);
            found.truncate(LISTED);
        }
        found.sort_by(by_cosine);
        found
            .into_iter()
            .filter_map(|(place, cosine)| Some((*self.targets.get(place as usize)?, cosine)))
            .collect()
    }

    /// The nearest targets as a prediction. The cosine stands for a probability, as users of such tools take it.
    pub fn predict(&self, system: &CodeSystemIndex, name: &str, room: &mut Room) -> Prediction {
        let nearest = self.nearest(name, room);
        Prediction {
            codes: nearest
                .into_iter()
                .map(|(target, cosine)| (system.code(target).to_owned(), cosine.clamp(0.0, 1.0)))
                .collect(),
            ..Prediction::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(names: &[&str]) -> NameIndex {
        let targets = (0..names.len() as u32).map(Ordinal).collect();
        NameIndex::of_names(targets, names.iter().map(|name| (*name).to_owned()))
    }

    #[test]
    fn a_name_is_nearest_to_itself_and_slips_do_not_matter_much() {
        let index = index(&["Glucose in blood", "Glucose in urine", "Sodium in blood", "Potassium"]);
        let mut room = index.room();
        let same = index.nearest("glucose IN  Blood", &mut room);
        assert_eq!(same[0].0, Ordinal(0));
        assert!((same[0].1 - 1.0).abs() < 1e-5);
        assert_eq!(index.nearest("Potasium", &mut room)[0].0, Ordinal(3));
        assert!(index.nearest("", &mut room).len() <= 4);
        assert_eq!(index.nearest("glucose IN  Blood", &mut room), same, "the room is empty again");
    }

    #[test]
    fn the_cosine_is_that_of_all_pairs() {
        let names = ["abab", "abc", "cab b"];
        let index = index(&names);
        let mut room = index.room();
        let vector = |text: &str| -> HashMap<u64, f32> {
            let weighed = grams(text).into_iter();
            weighed
                .map(|(gram, count)| (gram, count * index.grams.get(&gram).map_or(0.0, |n| index.idf[*n as usize])))
                .collect()
        };
        let length = |vector: &HashMap<u64, f32>| vector.values().map(|weight| weight * weight).sum::<f32>().sqrt();
        for query in names {
            let ours = vector(query);
            for (target, cosine) in index.nearest(query, &mut room) {
                let theirs = vector(names[target.0 as usize]);
                let dot: f32 = ours
                    .iter()
                    .map(|(gram, weight)| weight * theirs.get(gram).unwrap_or(&0.0))
                    .sum();
                let wanted = dot / length(&ours) / length(&theirs);
                assert!((cosine - wanted).abs() < 1e-5, "{query} {target:?}: {cosine} {wanted}");
            }
        }
    }
}
