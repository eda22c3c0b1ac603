//! A power cut, by copies of the files at a random instant: what a disk holds that keeps what it was told to keep.
//! The server is stopped for the length of the copy, since a disk has one state at a time and a slow copy has not.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use allclear_server::clock::{Clock, SystemClock};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use crate::{
    node::{self, Node, Place},
    phones::{Crowd, below},
    runner::End,
};

/// The files at an instant.
struct Copy {
    file: PathBuf,
    /// When it was begun: what was heard before is in it.
    at: i64,
}

fn wal(file: &Path) -> PathBuf {
    PathBuf::from(format!("{}-wal", file.display()))
}

/// Copies database, write-ahead log, shared memory and lock as they are now.
fn copy(place: &Place, node: &Node) -> Copy {
    let file = node::folder().join("test.db");
    node.signal("STOP");
    let at = SystemClock.now().0;
    for ending in ["", "-wal", "-shm", ".lock"] {
        let from = format!("{}{ending}", place.address);
        if Path::new(&from).exists() {
            fs::copy(&from, format!("{}{ending}", file.display())).unwrap();
        }
    }
    node.signal("CONT");
    Copy { file, at }
}

/// Opens a copy with a new server: everything that was heard before is there, and the figures agree.
async fn opens_whole(place: &Place, crowd: &mut Crowd, file: &Path, heard_before: i64, what: &str) {
    let other = Place::copied(place, file);
    let node = other.start().await;
    crowd.move_to(&node);
    let found = crowd.look(Some(heard_before)).await;
    assert!(found.lost == 0 && found.duplicated == 0, "{what}: {found:?}\n{}", node.log());
    assert!(found.acknowledged > 20, "{what}: too little to look at: {found:?}");
    assert_eq!(crowd.differing_figures().await, 0, "{what}");
    println!("{what}: {} acknowledged before, all there", found.acknowledged);
}

/// Copies under load, at random instants, with and without the shared memory file.
pub(crate) async fn copies_under_load() -> End {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let place = Place::fresh(600).await;
    let node = place.start().await;
    let mut crowd = Crowd::enrol(&node, 5).await;
    let copies = crowd
        .work_while(async {
            let mut copies = Vec::new();
            for _ in 0..6 {
                tokio::time::sleep(Duration::from_millis(80 + below(&mut random, 200))).await;
                copies.push(copy(&place, &node));
            }
            copies
        })
        .await;
    for (number, copy) in copies.iter().enumerate() {
        if number % 2 == 0 {
            fs::remove_file(format!("{}-shm", copy.file.display())).unwrap();
        }
        opens_whole(&place, &mut crowd, &copy.file, copy.at, &format!("copy {number}")).await;
        fs::remove_dir_all(copy.file.parent().unwrap()).unwrap();
    }
    End::Passed
}

/// The last bytes of the write-ahead log are torn off, or are not what was written.
pub(crate) async fn a_torn_log() -> End {
    let mut random = ChaCha8Rng::seed_from_u64(6);
    let place = Place::fresh(600).await;
    // Stopped and started once: the log is empty, and grows from its beginning.
    assert!(place.start().await.stop().await.success());
    let node = place.start().await;
    let mut crowd = Crowd::enrol(&node, 6).await;
    let (early, late) = crowd
        .work_while(async {
            tokio::time::sleep(Duration::from_millis(400)).await;
            let early = copy(&place, &node);
            tokio::time::sleep(Duration::from_millis(150)).await;
            (early, copy(&place, &node))
        })
        .await;
    let (before, after) = (fs::read(wal(&early.file)).unwrap(), fs::read(wal(&late.file)).unwrap());
    assert!(before[..32] == after[..32] && after.len() > before.len(), "the log was begun anew in between: the test looks at nothing");
    for number in 0..6 {
        let torn = node::folder().join("test.db");
        fs::copy(&late.file, &torn).unwrap();
        let cut = before.len() + below(&mut random, (after.len() - before.len()) as u64) as usize;
        let mut log = after[..cut].to_vec();
        if number % 2 == 0 {
            // The length was written, the bytes were not.
            log.resize(after.len(), 0);
        }
        fs::write(wal(&torn), log).unwrap();
        opens_whole(&place, &mut crowd, &torn, early.at, &format!("torn at byte {cut} of {}", after.len())).await;
        fs::remove_dir_all(torn.parent().unwrap()).unwrap();
    }
    for copy in [early, late] {
        fs::remove_dir_all(copy.file.parent().unwrap()).unwrap();
    }
    End::Passed
}
