//! The recount finds what is wrong at one site, also where the city's sums agree.

use std::sync::Arc;

use allclear_domain::{kernel::id::Id, live::RoundCounts};
use allclear_server::{
    boot, live,
    live::{recount, snapshot},
};
use allclear_store::StoreError;
use allclear_testkit::City;
use uuid::Uuid;

use crate::lab::{Desk, tube};

/// A second node that begins from counts which `spoil` changed: how many figures differ, and which.
async fn differs(city: &City, spoil: impl Fn(&mut RoundCounts)) -> Vec<(String, String)> {
    city.drain().await;
    let (seq, rows) = {
        let fold = city.app.live.fold();
        let mut rows = Vec::new();
        for (round, counts) in fold.rounds.iter().filter(|(_, counts)| counts.seq > 0) {
            let mut counts = counts.clone();
            spoil(&mut counts);
            rows.push((round.uuid(), counts.seq, snapshot::round(&counts)));
        }
        let loose = snapshot::Loose { exceptions: fold.loose.clone(), rounds: rows.iter().map(|(round, seq, _)| (*round, *seq)).collect() };
        rows.push((Uuid::nil(), fold.seq, snapshot::loose(&loose)));
        (fold.seq, rows)
    };
    let put = city.app.store.run("test", move |tx| {
        tx.delete_live_snapshots()?;
        rows.iter().try_for_each(|(round, seq, json)| tx.put_live_snapshot(*round, *seq, &snapshot::summed(*round, *seq, json)))?;
        Ok::<_, StoreError>(())
    });
    put.await.unwrap();
    let other = boot::application_on(city.app.store.clone(), Arc::clone(&city.app.keys), city.clock.clone(), true).await.unwrap();
    assert_eq!(other.live.fold().seq, seq, "it begins from the snapshot");
    live::jobs::catch_up(&other).await.unwrap();
    let recount = recount::compare(&other).await.unwrap();
    let lines: Vec<_> = recount.lines.into_iter().filter(|line| line.screen != line.records).collect();
    assert_eq!(recount.different, lines.len() as i64);
    lines.into_iter().map(|line| (line.subject, line.figure)).collect()
}

#[tokio::test]
async fn a_figure_that_stands_at_the_wrong_site_is_found() {
    let mut desk = Desk::open().await;
    let people = desk.fill(&tube(1), 3).await;
    // The same person once more, whom nobody has asked to come again: an exception at this site.
    let (round, site) = (desk.city.round(), desk.city.site(0));
    let second = desk.phone.swab(round, site, &tube(2), people[0]);
    desk.phone.records(&[second]).await;
    desk.city.drain().await;
    desk.receive(&[tube(1)]).await;
    let run = desk.run(1, &[tube(1)]).await;
    desk.enter(Some(&run), &[tube(1)], "inconclusive").await;
    desk.release_one(&tube(1), "inconclusive").await;
    let (city, here, there) = (&desk.city, Id::new(site), Id::new(desk.city.site(1)));
    assert_eq!(differs(city, |_| ()).await, [], "nothing is spoilt");
    let both = |figure: &str| {
        let mut both = [(here.uuid().to_string(), figure.to_owned()), (there.uuid().to_string(), figure.to_owned())];
        both.sort();
        both.to_vec()
    };
    let follow_up = differs(city, |counts| {
        let open = counts.follow_ups.remove(&here).unwrap();
        counts.follow_ups.insert(there, open);
    });
    assert_eq!(follow_up.await, both("lab follow_ups"));
    let kind = "second_collection".to_owned();
    let exception = differs(city, |counts| {
        let open = counts.exceptions.remove(&(kind.clone(), Some(here))).unwrap();
        counts.exceptions.insert((kind.clone(), Some(there)), open);
    });
    assert_eq!(exception.await, both("exceptions second_collection open"));
    let released = differs(city, |counts| {
        let released = counts.released.get_mut(&here).unwrap();
        released.reports -= 1;
        counts.released.entry(there).or_default().reports = 1;
    });
    assert_eq!(released.await, both("lab person_reports"));
    let tubes = differs(city, |counts| counts.tubes.get_mut(&tube(2)).unwrap().site = there);
    assert_eq!(tubes.await.len(), 6, "tubes, members and filled tubes, at both sites");
}
