//! Traces and reports.

use allclear_testkit::City;
use serde_json::json;

use super::{seal, tube};
use crate::lab::{Desk, box_code};

#[tokio::test]
async fn every_step_of_a_tube_and_a_person_can_be_told() {
    let city = City::start().await;
    let mut phone = city.phone("registrar").await;
    let (round, site) = (city.round(), city.site(0));
    let people = city.people(site).await;
    let mut commands: Vec<_> = people.iter().take(2).map(|no| phone.swab(round, site, &tube(1), *no)).collect();
    let undone = commands[1]["id"].clone();
    commands.push(phone.command(json!({ "op": "void_collection", "collection": undone, "tube": tube(1), "reason": "wrong person" })));
    commands.push(seal(&mut phone, &tube(1), 1));
    phone.records(&commands).await;
    city.drain().await;
    let headquarters = city.sign_in("headquarters").await;
    let trace = headquarters.get(&format!("/api/v1/trace/tube/{}", tube(1))).await.ok();
    let events: Vec<_> = trace["steps"].as_array().unwrap().iter().map(|s| s["event"].as_str().unwrap().to_owned()).collect();
    assert_eq!(events, ["collected", "collected", "voided", "sealed"]);
    let step = &trace["steps"][0];
    assert_eq!(
        (step["device_no"].as_i64(), step["device"].as_str(), step["person"]["no"].as_i64()),
        (Some(phone.device_no), Some("test"), Some(people[0]))
    );
    assert!(step["person"]["name"].as_str().unwrap().contains('*'), "masked: {step}");
    assert!(step["who"].as_str().unwrap().contains("登记员"), "{step}");
    assert_eq!(trace["steps"][3]["place"], trace["place"], "a seal happens where the tube was filled: {trace}");
    let any = headquarters.get(&format!("/api/v1/trace/any/{}", tube(1))).await.ok();
    assert_eq!((&any["kind"], &any["steps"]), (&json!("tube"), &trace["steps"]));
    let number = headquarters.get(&format!("/api/v1/trace/any/{}", people[0])).await.ok();
    assert_eq!(number["kind"], "person");
    let person = headquarters.get(&format!("/api/v1/trace/person/{}", people[0])).await.ok();
    assert_eq!((person["members"].as_i64(), person["steps"][0]["tube"].as_str()), (Some(1), Some(tube(1).as_str())));
    headquarters.get("/api/v1/trace/tube/T0000000420").await.refused("code_malformed");
    headquarters.get(&format!("/api/v1/trace/tube/{}", tube(9))).await.refused("not_found");
    city.sign_in("registrar").await.get(&format!("/api/v1/trace/tube/{}", tube(1))).await.refused("forbidden");
}

/// Events of a trace, with the box where a step names one.
fn events(trace: &serde_json::Value) -> Vec<String> {
    let steps = trace["steps"].as_array().unwrap();
    steps
        .iter()
        .map(|step| format!("{} {}", step["event"].as_str().unwrap(), step["box"].as_str().unwrap_or("")).trim().to_owned())
        .collect()
}

#[tokio::test]
async fn the_way_of_a_tube_is_told_with_its_box_from_the_swab_to_the_report() {
    let mut desk = Desk::open().await;
    let (code, other, the_box) = (tube(1), tube(2), box_code(1));
    let people = desk.fill(&code, 1).await;
    desk.fill(&other, 1).await;
    let site = desk.city.site(0);
    // The other tube is in the box for a moment only, and left before it went.
    let in_and_out =
        ["pack_tube", "unpack_tube"].map(|op| desk.phone.command(json!({ "op": op, "box": the_box, "tube": other, "site": site })));
    desk.phone.records(&in_and_out).await;
    desk.pack(&the_box, std::slice::from_ref(&code)).await;
    let half = |side: &str| json!({ "op": "hand_over", "handover": uuid::Uuid::from_u128(7), "side": side, "boxes": [the_box], "counterpart": null, "destination": "lab" });
    let given = desk.phone.command(half("giver"));
    desk.phone.records(&[given]).await;
    let mut courier = desk.city.phone("courier").await;
    let taken = courier.command(half("taker"));
    courier.records(&[taken]).await;
    let reception = desk.reception(std::slice::from_ref(&the_box)).await;
    assert_eq!(desk.scan(&reception, std::slice::from_ref(&code)).await, ["matched"]);
    desk.entry.post(&desk.at(&format!("/receptions/{reception}/close")), json!({})).await.ok();
    desk.enter(None, std::slice::from_ref(&code), "negative").await;
    desk.release_one(&code, "negative").await;
    desk.settle().await;
    desk.city.drain().await;
    let told = async |kind: &str, code: &str| desk.headquarters.get(&format!("/api/v1/trace/{kind}/{code}")).await.ok();
    let of_tube = told("tube", &code).await;
    let with = |event: &str| format!("{event} {the_box}");
    let way = ["collected".to_owned(), "sealed".into(), with("packed"), with("sealed"), with("given"), with("taken")];
    let in_lab = ["received".to_owned(), with("box_received"), "resulted".into(), "released".into()];
    assert_eq!(events(&of_tube), [way.as_slice(), in_lab.as_slice()].concat(), "{of_tube}");
    let taken = &of_tube["steps"][5];
    assert_eq!((taken["device_no"].as_i64(), taken["place"].as_str()), (Some(courier.device_no), of_tube["place"].as_str()));
    assert_eq!(of_tube["steps"][7]["place"], "气膜方舱");
    assert_eq!(events(&told("tube", &other).await), ["collected".to_owned(), "sealed".into(), with("packed"), with("unpacked")]);
    let of_person = told("person", &people[0].to_string()).await;
    assert_eq!(events(&of_person), [way.as_slice(), in_lab.as_slice(), &["reported".into()]].concat(), "{of_person}");
    let of_box = told("box", &the_box).await;
    let of_box: Vec<_> = events(&of_box).into_iter().filter(|event| !event.starts_with("tube_")).collect();
    assert_eq!(of_box, ["sealed", "given", "taken", "box_received"]);
}

#[tokio::test]
async fn the_daily_report_is_a_pdf_and_a_workbook() {
    let city = City::start().await;
    let mut phone = city.phone("registrar").await;
    let (round, site) = (city.round(), city.site(0));
    let people = city.people(site).await;
    let swabs: Vec<_> = people.iter().take(3).map(|no| phone.swab(round, site, &tube(1), *no)).collect();
    phone.records(&swabs).await;
    city.drain().await;
    let headquarters = city.sign_in("headquarters").await;
    let pdf = headquarters.get("/api/v1/reports/daily.pdf?date=2022-01-06").await;
    assert!(pdf.status.is_success() && pdf.bytes.starts_with(b"%PDF"), "{}", pdf.status);
    assert_eq!(sampled(&headquarters, "2022-01-06").await, (3, 1000));
    // Two more on the next day: the report of the first day still says what was so that evening.
    city.clock.advance_seconds(24 * 3600);
    let headquarters = city.sign_in("headquarters").await;
    let later: Vec<_> = people.iter().skip(3).take(2).map(|no| phone.swab(round, site, &tube(2), *no)).collect();
    phone.sync(&later).await.ok();
    city.drain().await;
    assert_eq!(sampled(&headquarters, "2022-01-06").await, (3, 1000));
    assert_eq!(sampled(&headquarters, "2022-01-05").await, (0, 1000));
    assert_eq!(headquarters.get("/api/v1/live/frame").await.ok()["total"]["collections"], sampled(&headquarters, "2022-01-07").await.0);
    headquarters.get("/api/v1/reports/daily.pdf?date=6.1.2022").await.refused("body_invalid");
    headquarters.get("/api/v1/reports/weekly.pdf").await.refused("not_found");
}

/// Expected persons sampled and expected persons, as the workbook of a day says them.
async fn sampled(headquarters: &allclear_testkit::Client, date: &str) -> (i64, i64) {
    use calamine::Reader;
    let xlsx = headquarters.get(&format!("/api/v1/reports/daily.xlsx?date={date}&lang=en")).await;
    assert!(xlsx.status.is_success() && xlsx.bytes.starts_with(b"PK"), "{}", xlsx.status);
    let mut book: calamine::Xlsx<_> = calamine::open_workbook_from_rs(std::io::Cursor::new(xlsx.bytes)).unwrap();
    let totals = book.worksheet_range_at(0).unwrap().unwrap();
    let value = |label: &str| {
        let row = totals.rows().find(|row| row[0] == *label).unwrap_or_else(|| panic!("no {label}"));
        row[1].to_string().parse().unwrap()
    };
    (value("Expected persons sampled"), value("Expected persons"))
}
