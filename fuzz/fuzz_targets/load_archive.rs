//! Any bytes as a zip or tarball are refused or read within limits.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((choice, content)) = data.split_first() else {
        return;
    };
    let name = ["release.zip", "release.tgz", "table.csv.gz", "table.csv.zst"][usize::from(*choice) % 4];
    let room = tempfile::tempdir().expect("a temporary folder can be made");
    let path = room.path().join(name);
    std::fs::write(&path, content).expect("files can be written");
    tern_fuzz::load(&[path]);
});
