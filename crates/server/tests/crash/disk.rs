//! A disk that is full, and one that cannot be written. As root, on small file systems of its own.

use std::{path::PathBuf, process::Command, time::Duration};

use crate::{
    node::{self, DEADLINE, Place},
    phones::{Crowd, Refusals},
    runner::End,
};
use allclear_testkit::WireClient;

/// A file system in memory, gone when it is dropped.
struct SmallDisk(PathBuf);

fn ran(program: &str, args: &[&str]) -> Result<(), String> {
    let out = Command::new(program).args(args).output().map_err(|e| format!("{program}: {e}"))?;
    if out.status.success() { Ok(()) } else { Err(format!("{program}: {}", String::from_utf8_lossy(&out.stderr).trim())) }
}

impl SmallDisk {
    fn of_mib(size: u32) -> Result<Self, String> {
        let folder = node::folder();
        ran("mount", &["-t", "tmpfs", "-o", &format!("size={size}m"), "tmpfs", &folder.display().to_string()])?;
        Ok(Self(folder))
    }

    fn mode(&self, mode: &str) -> Result<(), String> {
        ran("mount", &["-o", &format!("remount,{mode}"), &self.0.display().to_string()])
    }

    /// A file that takes all the space but `left` bytes.
    fn fill_but(&self, left: u64) -> PathBuf {
        let filler = self.0.join("filler");
        let mut bytes = vec![0u8; 64 << 20];
        // Writes until the disk says no, then gives a little back.
        let written = std::fs::File::create(&filler).and_then(|mut file| {
            let mut all = 0;
            while let Ok(count @ 1..) = std::io::Write::write(&mut file, &bytes) {
                all += count as u64;
                bytes.truncate(1 << 20);
            }
            file.set_len(all.saturating_sub(left)).map(|()| all)
        });
        assert!(written.unwrap() > left, "the disk was full already");
        filler
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").args(["-l", &self.0.display().to_string()]).status();
        let _ = std::fs::remove_dir(&self.0);
    }
}

/// Waits until a phone was refused; says whether that came in time.
async fn somebody_is_refused(refusals: Refusals, within: Duration) -> bool {
    let began = tokio::time::Instant::now();
    while refusals.lock().unwrap().is_empty() {
        if began.elapsed() > within {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The others meet it too.
    tokio::time::sleep(Duration::from_millis(200)).await;
    true
}

/// The disk fills under load; phones hear so and keep their facts; space comes back and all is taken.
pub(crate) async fn full() -> End {
    let disk = match SmallDisk::of_mib(96) {
        Ok(disk) => disk,
        Err(why) => return End::Skipped(format!("no small disk: {why}")),
    };
    let place = Place::at(&disk.0.join("test.db"), 600);
    let mut node = place.start().await;
    let mut crowd = Crowd::enrol(&node, 1).await;
    // Room for several hundred swabs, also where followers write between them.
    let filler = disk.fill_but(800_000);
    let refusals = crowd.refusals();
    assert!(crowd.work_while(somebody_is_refused(refusals, DEADLINE)).await, "the disk did not fill");
    assert_eq!(crowd.refusals_seen(), ["507 store_full"], "one clear answer, and no other");
    let found = crowd.look(None).await;
    assert!(found.clean() && found.acknowledged > 100, "reading goes on while the disk is full: {found:?}");

    // A server that starts on a full disk has all of it too, or says clearly that it cannot start.
    node.kill();
    let mut again = place.spawn();
    let started = again.ready_or_ended().await;
    if started {
        crowd.move_to(&again);
        let found = crowd.look(None).await;
        assert!(found.clean(), "after a start on a full disk: {found:?}");
        // Without a restart, as soon as there is space.
        std::fs::remove_file(&filler).unwrap();
    } else {
        assert!(again.log().contains("the store cannot write"), "{}", again.log());
        std::fs::remove_file(&filler).unwrap();
        again = place.start().await;
        crowd.move_to(&again);
    }
    println!("a start on a full disk {}", if started { "answers" } else { "is refused with a message" });
    let found = crowd.settle().await;
    assert!(found.clean(), "{found:?}");
    assert_eq!(crowd.differing_figures().await, 0);
    assert!(again.stop().await.success());
    let (equal, text) = place.recount();
    assert!(equal, "{text}");
    End::Passed
}

/// A store whose files become immutable under a running server: what an operating system does to a failing disk.
pub(crate) async fn read_only_while_it_runs() -> End {
    let place = Place::fresh(600).await;
    let mut node = place.start().await;
    let mut crowd = Crowd::enrol(&node, 2).await;
    let files = [place.address.clone(), format!("{}-wal", place.address)];
    let freeze = |flag: &str| files.iter().try_for_each(|file| ran("chattr", &[flag, file]));
    if let Err(why) = freeze("+i") {
        let _ = freeze("-i");
        return End::Skipped(format!("no immutable files here: {why}"));
    }
    let refused = std::fs::OpenOptions::new().append(true).open(&files[0]).is_err();
    let refusals = crowd.refusals();
    let enforced = refused && crowd.work_while(somebody_is_refused(refusals, Duration::from_secs(10))).await;
    freeze("-i").unwrap();
    if !enforced {
        return End::Skipped("this file system lets an open file be written although it is immutable".into());
    }
    assert_eq!(crowd.refusals_seen(), ["507 store_full"]);
    let found = crowd.settle().await;
    assert!(found.clean(), "it goes on when the files can be written again: {found:?}");
    assert_eq!(crowd.differing_figures().await, 0);
    node.kill();
    End::Passed
}

/// A store on a read-only mount: the start is refused with a message, nothing is changed, and works once it is mended.
pub(crate) async fn read_only_at_the_start() -> End {
    let disk = match SmallDisk::of_mib(96) {
        Ok(disk) => disk,
        Err(why) => return End::Skipped(format!("no small disk: {why}")),
    };
    let place = Place::at(&disk.0.join("test.db"), 600);
    let mut node = place.start().await;
    let mut crowd = Crowd::enrol(&node, 3).await;
    crowd.work_while(tokio::time::sleep(Duration::from_millis(300))).await;
    node.kill();
    disk.mode("ro").unwrap();
    let mut refused = place.spawn();
    assert_eq!(refused.ended().await.code(), Some(1));
    let log = refused.log();
    assert!(log.contains("the store cannot write") && log.to_lowercase().contains("read-only"), "{log}");
    disk.mode("rw").unwrap();
    let node = place.start().await;
    crowd.move_to(&node);
    let found = crowd.settle().await;
    assert!(found.clean(), "{found:?}");
    End::Passed
}

/// A second server on the same file.
pub(crate) async fn a_second_server_is_refused() -> End {
    let place = Place::fresh(600).await;
    let node = place.start().await;
    let mut second = place.spawn();
    assert_eq!(second.ended().await.code(), Some(1));
    let log = second.log();
    assert!(log.contains("another process uses") && log.contains("one SQLite file belongs to one server"), "{log}");
    let mut client: WireClient = node.client();
    client.sign_in("admin", allclear_server::demo::PASSWORD).await.expect("the first one goes on, and writes");
    let (equal, text) = place.recount();
    assert!(!equal && text.contains("another process uses"), "a recount is refused as well: {text}");
    assert!(node.stop().await.success());
    assert!(place.recount().0);
    End::Passed
}
