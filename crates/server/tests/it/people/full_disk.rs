//! A disk that is really full, under each import: a clear error, nothing lost, and it goes on when
//! there is room again. On SQLite the file lies on a small file system, on PostgreSQL a tablespace.
//!
//! These mount a file system, so they need root and are ignored otherwise: `scripts/test` runs them
//! with `--ignored` where it may, and says so where it may not.

use allclear_testkit::{Answer, City, SmallDisk};
use axum::http::Method;
use serde_json::json;

use super::imports::{counts, taken_in};

const DISK_MIB: u32 = 96;

#[tokio::test]
#[ignore = "mounts a file system: needs root"]
async fn a_register_stops_at_a_full_disk_and_goes_on_from_there() {
    let disk = SmallDisk::mount(DISK_MIB).await;
    {
        let city = City::on(&disk, 300).await;
        let admin = city.sign_in("admin").await;
        let mut file = "姓名,证件号码,村社区,工作单位\n".to_owned();
        for n in 0..24_000 {
            file.push_str(&format!("应采薇,E{n:08},石柱镇塘里村,{:0>180}\n", n));
        }
        disk.fill_up_to(9 << 20);
        let (_, stopped) = taken_in(&admin, file.as_bytes()).await;
        assert_eq!((&stopped["state"], &stopped["problem"]), (&json!("failed"), &json!("store_full")), "{stopped}");
        let added = stopped["added"].as_i64().unwrap();
        assert!((0..24_000).contains(&added), "{stopped}");
        assert_eq!(stopped["rows_done"].as_i64().unwrap(), added, "the counts are those of the commits");
        let there = city.app.store.read("test", |tx| tx.count_persons()).await.unwrap();
        assert_eq!(there, 300 + added, "what was counted is there, and nothing besides");
        disk.empty();
        let (_, again) = taken_in(&admin, file.as_bytes()).await;
        assert_eq!(counts(&again), format!("done {} {added} 0 0 0", 24_000 - added), "the same file goes on from there");
    }
    disk.close().await;
}

/// Repeats a request until the disk has no room for it; what is left in a log or page may take a few.
pub(crate) async fn until_full<F: Future<Output = Answer>>(request: impl Fn(usize) -> F) -> usize {
    for attempt in 0..200 {
        let answer = request(attempt).await;
        if !answer.status.is_success() {
            answer.refused("store_full");
            assert!(answer.json["text_zh"].is_string());
            return attempt;
        }
    }
    panic!("the disk was never full");
}

#[tokio::test]
#[ignore = "mounts a file system: needs root"]
async fn an_area_list_goes_in_whole_or_not_at_all() {
    let disk = SmallDisk::mount(DISK_MIB).await;
    {
        let city = City::on(&disk, 300).await;
        let admin = city.sign_in("admin").await;
        let list = |attempt: usize| {
            let line = |n: usize| format!("330784105{:03},村{:0>80},330784105,village,1\n", n, attempt);
            format!("code,name,parent,level,population\n{}", (500..999).map(line).collect::<String>())
        };
        let send = |attempt| {
            let (admin, body) = (admin.clone(), list(attempt).into_bytes());
            async move { admin.send(Method::POST, "/api/v1/areas", "application/octet-stream", body).await }
        };
        disk.fill_up_to(64 << 10);
        let taken = until_full(send).await;
        let names = admin.get("/api/v1/areas").await.ok();
        let last = |suffix: usize| names["rows"].as_array().unwrap().iter().filter(|a| a["name"] == format!("村{suffix:0>80}")).count();
        if taken > 0 {
            assert_eq!(last(taken - 1), 499, "the list before is whole");
        }
        assert_eq!(last(taken), 0, "of the refused one nothing went in");
        disk.empty();
        let answer = admin.send(Method::POST, "/api/v1/areas", "application/octet-stream", list(taken).into_bytes()).await;
        answer.ok();
    }
    disk.close().await;
}
