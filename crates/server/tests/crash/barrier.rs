//! A power cut with a disk that drops what it was not told to keep: a shim notes every write and every sync of the
//! server; from that the files are made as a disk may hold them at any moment. Of the writes since a file's last
//! sync each is there, missing, or torn at a sector.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use crate::{
    node::{self, Place},
    phones::{Crowd, below},
    runner::End,
};

const SECTOR: u64 = 512;
/// Power cuts made from one session.
const CUTS: u64 = 12;

#[derive(Debug)]
enum What {
    Write { offset: u64, data: Vec<u8> },
    Truncate(u64),
    Sync,
    Remove,
}

/// One step of the journal.
struct Step {
    file: String,
    at: i64,
    what: What,
}

fn number(bytes: &[u8], at: usize) -> u64 {
    u64::from_ne_bytes(bytes[at..at + 8].try_into().unwrap())
}

/// Reads the journal; the kill may have cut its last step.
fn steps(bytes: &[u8]) -> Vec<Step> {
    let (mut steps, mut rest) = (Vec::new(), bytes);
    while rest.len() >= 32 {
        let word = |at: usize| u32::from_ne_bytes(rest[at..at + 4].try_into().unwrap());
        let (kind, name) = (word(0), word(4) as usize);
        let (offset, length, at) = (number(rest, 8), number(rest, 16) as usize, number(rest, 24) as i64);
        let Some(step) = rest.get(32..32 + name + length) else { break };
        let file = String::from_utf8(step[..name].to_vec()).unwrap();
        let what = match kind {
            1 => What::Write { offset, data: step[name..].to_vec() },
            2 => What::Truncate(offset),
            3 => What::Sync,
            4 => What::Remove,
            other => panic!("a step of kind {other}"),
        };
        steps.push(Step { file, at, what });
        rest = &rest[32 + name + length..];
    }
    steps
}

fn apply(content: &mut Vec<u8>, what: &What, bytes: usize) {
    match what {
        What::Write { offset, data } => {
            let from = usize::try_from(*offset).unwrap();
            if content.len() < from + bytes {
                content.resize(from + bytes, 0);
            }
            content[from..from + bytes].copy_from_slice(&data[..bytes]);
        }
        What::Truncate(length) => content.resize(usize::try_from(*length).unwrap(), 0),
        What::Sync | What::Remove => {}
    }
}

/// What a disk may hold after the power went at the end of `steps`: file → content.
fn disk(steps: &[Step], random: &mut ChaCha8Rng) -> (BTreeMap<String, Vec<u8>>, usize) {
    let mut last_sync: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, step) in steps.iter().enumerate() {
        if matches!(step.what, What::Sync) {
            last_sync.insert(&step.file, index);
        }
    }
    let (mut files, mut dropped) = (BTreeMap::<String, Vec<u8>>::new(), 0);
    for (index, step) in steps.iter().enumerate() {
        if matches!(step.what, What::Remove) {
            files.remove(&step.file);
            continue;
        }
        let content = files.entry(step.file.clone()).or_default();
        let whole = if let What::Write { data, .. } = &step.what { data.len() } else { 0 };
        let synced = last_sync.get(step.file.as_str()).is_some_and(|sync| index < *sync);
        let fate = if synced { 0 } else { below(random, 3) };
        match fate {
            0 => apply(content, &step.what, whole),
            1 => dropped += 1,
            _ => {
                dropped += 1;
                let torn = below(random, whole as u64 / SECTOR + 1) * SECTOR;
                apply(content, &step.what, (torn as usize).min(whole));
            }
        }
    }
    (files, dropped)
}

fn shim() -> Result<PathBuf, String> {
    let library = node::folder().join("journal.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crash/shim/journal.c");
    let out = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).args(["-ldl", "-lpthread"]).output();
    let out = out.map_err(|e| format!("cc: {e}"))?;
    if out.status.success() { Ok(library) } else { Err(String::from_utf8_lossy(&out.stderr).into_owned()) }
}

pub(crate) async fn a_disk_that_drops_what_was_not_synced() -> End {
    let library = match shim() {
        Ok(library) => library,
        Err(why) => return End::Skipped(format!("the shim cannot be built: {why}")),
    };
    let place = Place::at(&node::folder().join("test.db"), 300);
    let folder = Path::new(&place.address).parent().unwrap().to_owned();
    let journal = place.folder.join("journal");
    let environment = [("LD_PRELOAD", library.as_path()), ("JOURNAL_DIR", &folder), ("JOURNAL", &journal)];
    let mut node = place.spawn_with(&environment);
    node.ready().await;
    let mut crowd = Crowd::enrol(&node, 8).await;
    let from = fs::metadata(&journal).map_or(0, |file| file.len());
    assert!(from > 0, "the shim noted nothing");
    let enrolled = steps(&fs::read(&journal).unwrap()).len() as u64;
    crowd.work_while(tokio::time::sleep(Duration::from_millis(1500))).await;
    node.kill();
    let all = steps(&fs::read(&journal).unwrap());
    let mut random = ChaCha8Rng::seed_from_u64(8);
    let (mut acknowledged, mut dropped_in_all) = (0, 0);
    for cut in 0..CUTS {
        let count = (enrolled + below(&mut random, all.len() as u64 - enrolled)) as usize;
        let (files, dropped) = disk(&all[..count], &mut random);
        let copy = node::folder().join("test.db");
        for (name, content) in &files {
            fs::write(copy.parent().unwrap().join(Path::new(name).file_name().unwrap()), content).unwrap();
        }
        let other = Place::copied(&place, &copy);
        let node = other.start().await;
        crowd.move_to(&node);
        // The step at which the power went was noted after it had been done.
        let found = crowd.look(Some(all[count - 1].at)).await;
        assert!(found.lost == 0 && found.duplicated == 0, "cut {cut} after step {count}: {found:?}\n{}", node.log());
        assert_eq!(crowd.differing_figures().await, 0, "cut {cut} after step {count}");
        assert!(node.stop().await.success());
        (acknowledged, dropped_in_all) = (acknowledged + found.acknowledged, dropped_in_all + dropped);
        fs::remove_dir_all(copy.parent().unwrap()).unwrap();
    }
    assert!(acknowledged > 100 && dropped_in_all > 0, "nothing was at stake: {acknowledged} acknowledged, {dropped_in_all} dropped");
    println!(
        "{CUTS} power cuts in {} steps: {dropped_in_all} writes dropped or torn, {acknowledged} acknowledged facts looked for, all there",
        all.len()
    );
    fs::remove_dir_all(folder).unwrap();
    End::Passed
}
