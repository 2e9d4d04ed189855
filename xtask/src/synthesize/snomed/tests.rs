//! A small release, read back by the ordinary loader.

#[test]
fn a_small_release_loads_without_a_fault_and_is_the_same_from_the_same_seed() {
    use tern_loaders::collect::Collector;
    let load = |seed| {
        let room = tempfile::tempdir().unwrap();
        let counts = super::write(room.path(), 0.004, seed).unwrap();
        let members = tern_loaders::source::members(&[room.path().to_owned()], tern_loaders::source::Limits::default()).unwrap();
        let bytes: Vec<Vec<u8>> = members.iter().map(|member| member.read().unwrap()).collect();
        let options = tern_loaders::LoadOptions::default();
        let releases = tern_loaders::recognise(members, &options).unwrap().0;
        let loader = tern_loaders::loaders()
            .iter()
            .find(|loader| loader.name() == "snomed")
            .unwrap();
        let mut sink = Collector::default();
        loader.load(&releases[0], &options, &mut sink).unwrap();
        (counts, bytes, sink)
    };
    let (counts, bytes, found) = load(7);
    assert_eq!(found.problems, []);
    let unknown = found
        .parents
        .iter()
        .filter(|(child, parent)| !found.concepts.contains_key(child) || !found.concepts.contains_key(parent));
    assert_eq!(unknown.count(), 0);
    assert!(found.members.iter().all(|member| found.concepts.contains_key(&member.member)));
    assert_eq!(found.concepts.len() as u64, counts.concepts);
    let rows = found.rows.len() as u64;
    assert_eq!(rows, counts.members);
    let per_concept = counts.active_relationships as f64 / counts.active_concepts as f64;
    println!("{counts:?}");
    assert!((8.0..10.5).contains(&per_concept), "{per_concept} relationships a concept");
    let terms = counts.active_descriptions as f64 / counts.concepts as f64;
    assert!((2.9..3.4).contains(&terms), "{terms} descriptions a concept");
    let (again, same, _) = load(7);
    assert_eq!((again, same == bytes), (counts, true));
    assert!(load(8).1 != bytes);
}
