//! The stored live counts are a shortcut: whatever becomes of them, the screens are right.

use std::sync::Arc;

use allclear_server::{boot, clock::SystemClock, live, work};
use allclear_store::{Store, StoreConfig, StoreError};
use uuid::Uuid;

use crate::{
    node::{DEADLINE, Place},
    phones::Crowd,
    runner::End,
};

type Rows = Vec<(Uuid, i64, Vec<u8>)>;

/// What a disk, or a hand, may do to the rows.
const DAMAGES: [(&str, fn(&mut Rows)); 6] = [
    ("a bit is flipped", |rows| rows.iter_mut().for_each(|(_, _, body)| *body.last_mut().unwrap() ^= 1)),
    ("one row is noise", |rows| rows[1].2 = b"noise".to_vec()),
    ("a row is empty", |rows| rows[1].2.clear()),
    ("the row of a round is gone", |rows| drop(rows.remove(1))),
    ("the row over all is gone", |rows| drop(rows.remove(0))),
    ("a row says another change", |rows| rows[1].1 += 1),
];

/// The store, once no server holds it.
async fn open(place: &Place) -> Store {
    let keys = Arc::new(allclear_seal::Keys::from_master(&boot::master_key(&place.folder.join("master.key")).unwrap()));
    let began = tokio::time::Instant::now();
    loop {
        match Store::open(&StoreConfig::parse(&place.address), Arc::clone(&keys)).await {
            Ok(store) => return store,
            Err(StoreError::Locked(_)) if began.elapsed() < DEADLINE => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
            Err(error) => panic!("{error}"),
        }
    }
}

pub(crate) async fn a_damaged_snapshot_is_made_anew() -> End {
    let place = Place::fresh(600).await;
    let node = place.start().await;
    let mut crowd = Crowd::enrol(&node, 7).await;
    crowd.work_while(tokio::time::sleep(std::time::Duration::from_millis(400))).await;
    assert!(crowd.settle().await.clean());
    assert!(node.stop().await.success());
    let master = boot::master_key(&place.folder.join("master.key")).unwrap();
    let app = boot::application(&StoreConfig::parse(&place.address), &master, Arc::new(SystemClock), true).await.unwrap();
    work::drain(&app).await.unwrap();
    live::jobs::store_snapshots(&app, 0).await.unwrap();
    drop(app);
    let good = open(&place).await.read("test", |tx| tx.live_snapshots()).await.unwrap();
    assert!(good.len() >= 2 && good[0].0.is_nil(), "one row over all, one a round");

    for (what, damage) in [("nothing", (|_| ()) as fn(&mut Rows))].into_iter().chain(DAMAGES) {
        let mut rows = good.clone();
        damage(&mut rows);
        let damaged = rows.clone();
        let store = open(&place).await;
        let put = store.run("test", move |tx| {
            tx.delete_live_snapshots()?;
            rows.iter().try_for_each(|(round, seq, body)| tx.put_live_snapshot(*round, *seq, body))
        });
        put.await.unwrap();
        drop(store);
        let node = place.start().await;
        crowd.move_to(&node);
        assert_eq!(crowd.differing_figures().await, 0, "{what}");
        let log = node.log();
        let said = log.lines().filter(|line| line.contains("repaired: the snapshot of the live counts")).count();
        assert_eq!(said, usize::from(what != "nothing"), "{what}:\n{log}");
        assert!(node.stop().await.success());
        if what != "nothing" {
            let left = open(&place).await.read("test", |tx| tx.live_snapshots()).await.unwrap();
            // A server that is told to stop stores its counts: good rows may stand there again.
            assert_ne!(left, damaged, "{what}: the damaged rows are gone");
        }
    }
    End::Passed
}
