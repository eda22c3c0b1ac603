//! Several nodes of one PostgreSQL behind a load balancer that sends each request to the next of them.

use std::{
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};

use allclear_server::demo;
use allclear_store::schema_version;
use allclear_testkit::WireClient;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::{
    node::{DEADLINE, Node, Place},
    phones::{Balancer, Crowd},
    runner::End,
};

fn balancer(nodes: &[&Node]) -> Balancer {
    Arc::new(Mutex::new(nodes.iter().map(|node| node.address.clone()).collect()))
}

/// Waits until so many more facts were acknowledged.
async fn heard(crowd: &Arc<std::sync::atomic::AtomicUsize>, more: usize) {
    let (began, from) = (Instant::now(), crowd.load(Ordering::Relaxed));
    while crowd.load(Ordering::Relaxed) < from + more {
        assert!(began.elapsed() < DEADLINE, "phones do not get through");
        sleep(Duration::from_millis(1)).await;
    }
}

/// What a node shows, without what is of the moment: times, ages, forecasts and its own list of silent devices.
async fn shown(desk: &mut WireClient) -> Value {
    let mut frame = desk.get("/api/v1/live/frame").await.unwrap().ok();
    for of_the_moment in
        ["as_of", "stages", "sites", "forecast", "devices", "devices_silent", "devices_silent_total", "sites_stuck", "labs"]
    {
        frame.as_object_mut().unwrap().remove(of_the_moment);
    }
    frame
}

/// Waits until every node shows the same, and that nothing is missing; answers how long it took.
async fn agreed(desks: &mut [WireClient]) -> Duration {
    let began = Instant::now();
    loop {
        let mut frames = Vec::new();
        for desk in desks.iter_mut() {
            frames.push(shown(desk).await);
        }
        let recount = desks[0].get("/api/v1/live/recount").await.unwrap().ok();
        if frames.windows(2).all(|two| two[0] == two[1]) && recount["different"] == 0 && recount["change"] == frames[0]["change"] {
            return began.elapsed();
        }
        assert!(began.elapsed() < DEADLINE, "nodes do not agree: {frames:?}\n{recount}");
        sleep(Duration::from_millis(5)).await;
    }
}

async fn desks(nodes: &[&Node]) -> Vec<WireClient> {
    let mut desks = Vec::new();
    for node in nodes {
        let mut desk = node.client();
        desk.sign_in("headquarters", demo::PASSWORD).await.unwrap();
        desks.push(desk);
    }
    desks
}

/// Everything acknowledged is there once; each node says the same of it, and its figures are those of the records.
async fn ends_well(crowd: &mut Crowd, nodes: &[&Node], after: Duration) {
    crowd.balance(None);
    let mut figures = 0;
    for node in nodes {
        crowd.move_to(node);
        crowd.look_at_everything_again();
        let found = crowd.look(None).await;
        assert!(found.clean(), "{found:?}\n{}", node.log());
        figures += crowd.differing_figures().await;
    }
    assert_eq!(figures, 0, "figures that differ from the records");
    let found = crowd.settle().await;
    println!("{found:?}; every node shows the same {} ms after the last request", after.as_millis());
    assert!(found.clean(), "{found:?}");
    assert_eq!(found.acknowledged, crowd.acknowledged());
}

/// Three nodes under load: one is killed, another joins, a third is stopped as for an upgrade.
pub(crate) async fn one_is_killed_another_joins() -> End {
    let place = Place::fresh(900).await;
    let (a, mut b, c) = (place.start().await, place.start().await, place.start().await);
    let mut crowd = Crowd::enrol(&a, 31).await;
    let addresses = balancer(&[&a, &b, &c]);
    crowd.balance(Some(&addresses));
    let count = crowd.heard();
    let joined = crowd
        .work_while(async {
            heard(&count, 300).await;
            b.kill();
            // The balancer notices a moment later, as they do.
            heard(&count, 100).await;
            addresses.lock().unwrap().retain(|address| *address != b.address);
            let joined = place.start().await;
            addresses.lock().unwrap().push(joined.address.clone());
            heard(&count, 300).await;
            addresses.lock().unwrap().retain(|address| *address != c.address);
            assert!(c.stop().await.success());
            heard(&count, 100).await;
            joined
        })
        .await;
    let mut desks = desks(&[&a, &joined]).await;
    let after = agreed(&mut desks).await;
    ends_well(&mut crowd, &[&a, &joined], after).await;
    End::Passed
}

/// The store becomes that of a later release under load: nodes that were not upgraded go on, also after a restart. When a
/// release takes away what they need, they are refused with a clear word, and those that run say that they are not ready.
pub(crate) async fn an_upgrade_under_load() -> End {
    let place = Place::fresh(900).await;
    let (a, mut b) = (place.start().await, place.start().await);
    let mut crowd = Crowd::enrol(&a, 32).await;
    let addresses = balancer(&[&a, &b]);
    crowd.balance(Some(&addresses));
    let count = crowd.heard();
    let again = crowd
        .work_while(async {
            heard(&count, 200).await;
            place.store().later_release(schema_version() + 10, schema_version()).await;
            heard(&count, 200).await;
            b.kill();
            let again = place.start().await;
            *addresses.lock().unwrap() = vec![a.address.clone(), again.address.clone()];
            heard(&count, 200).await;
            again
        })
        .await;
    assert_eq!(crowd.refusals_seen(), Vec::<String>::new(), "no request was refused");
    let mut desks = desks(&[&a, &again]).await;
    let after = agreed(&mut desks).await;
    ends_well(&mut crowd, &[&a, &again], after).await;
    // One release later what this program needs is gone.
    let other = Place::fresh(600).await;
    let node = other.start().await;
    other.store().later_release(schema_version() + 20, schema_version() + 10).await;
    let (mut probe, began) = (node.client(), Instant::now());
    loop {
        let ready = probe.get("/readyz").await.unwrap();
        if ready.json["because"] == "the store is of a newer program" {
            break;
        }
        assert!(began.elapsed() < DEADLINE, "it is still ready: {}", ready.json);
        sleep(Duration::from_millis(20)).await;
    }
    let mut refused = other.spawn();
    assert_eq!(refused.ended().await.code(), Some(1));
    assert!(refused.log().contains("start the newer program"), "{}", refused.log());
    End::Passed
}
