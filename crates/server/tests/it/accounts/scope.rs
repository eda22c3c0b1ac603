//! Whoever holds every role, but in another town, sees and changes nothing of this one. Each guarded
//! route has a line here; a route without one fails the test.

use std::collections::BTreeSet;

use allclear_domain::kernel::code::{BoxCode, TubeCode};
use allclear_server::{demo, edge::routes::Access, lab::jobs};
use allclear_testkit::{Answer, City, Client, Phone};
use axum::http::Method;
use serde_json::{Value, json};

const NIL: &str = "00000000-0000-7000-8000-000000000000";
const ROLES: [&str; 9] =
    ["registrar", "site_lead", "courier", "lab_entry", "lab_release", "headquarters", "grid_worker", "administrator", "auditor"];

/// What a stranger hears.
enum Rule {
    /// A refusal, where somebody of this town hears none.
    Refused,
    /// A refusal; what the address names is made too late for this test, so that nobody finds it.
    RefusedToo,
    /// An answer without this word, which somebody of this town reads in theirs.
    Blind(String),
    /// An answer: it is about the caller, or says nothing of persons and is the same for everybody.
    Open,
}
use Rule::{Blind, Open, Refused, RefusedToo};

type Line = (&'static str, &'static str, String, Value, Rule);

/// One town's things.
struct Town {
    city: City,
    town: String,
    village: String,
    site: String,
    person: i64,
    second: i64,
    third: i64,
    tube: String,
    the_box: String,
    /// A pool that is followed up, and its member.
    followed: (String, i64),
    /// A tube that was not in its box.
    lost: String,
    exception: String,
    import: String,
    shift: String,
    lab: String,
    account: String,
    device: String,
    exemption: String,
}

impl Town {
    async fn start() -> Self {
        let city = City::with_population(3000).await;
        let site = city.site(0);
        let village = city.app.plan().sites[&allclear_domain::kernel::id::Id::new(site)].area.to_string();
        let town = village[..9].to_owned();
        let people = city.people(site).await;
        let (person, second, third) = (people[0], people[1], people[2]);
        let (tube, the_box) = (TubeCode::from_serial(1).as_str().to_owned(), BoxCode::from_serial(1).as_str().to_owned());
        let admin = city.sign_in("admin").await;
        let headquarters = city.sign_in("headquarters").await;
        let mut phone = city.phone("registrar").await;
        let swab = phone.swab(city.round(), site, &tube, person);
        let pack = phone.command(json!({ "op": "pack_tube", "box": the_box, "tube": tube, "site": site }));
        let unknown = phone.swab(city.round(), site, &tube_of_nobody(), 999);
        let exception = unknown["id"].as_str().unwrap().to_owned();
        phone.sync(&[swab, pack, unknown]).await.ok();
        city.drain().await;
        let csv = format!("姓名,证件号,现住地区划\n张三,11010519491231002X,{village}\n").into_bytes();
        let import = admin.send(Method::POST, "/api/v1/people/imports?file_name=a.csv", "application/octet-stream", csv).await.ok();
        city.account("here", &[("registrar", town.as_str())]).await;
        let account = city.account_id("here").await.to_string();
        city.phone("here").await;
        let device = id(&admin.get("/api/v1/devices").await.ok()["rows"][0]);
        let shift = json!({ "station": 1, "account": account, "from_at": "2022-01-06T00:00:00Z", "until_at": "2022-01-06T04:00:00Z" });
        let shift = id(&headquarters.post(&format!("/api/v1/sites/{site}/shifts"), shift).await.ok());
        let exemption = json!({ "person": second, "reason": "medical", "note": "" });
        headquarters.post("/api/v1/exemptions", exemption).await.ok();
        let exemption = id(&headquarters.get(&format!("/api/v1/exemptions?area={town}")).await.ok()["rows"][0]);
        let lab = json!({ "name": "镇检测点", "area": town, "rated_per_day": 1, "factor_percent": 100 });
        let lab = id(&headquarters.post("/api/v1/labs", lab).await.ok());
        let (followed, lost) = at_the_lab(&city, &mut phone, site, &lab).await;
        // The screens know of the laboratory.
        city.drain().await;
        let (site, import) = (site.to_string(), id(&import));
        Self {
            city,
            town,
            village,
            site,
            person,
            second,
            third,
            tube,
            the_box,
            followed,
            lost,
            exception,
            import,
            shift,
            lab,
            account,
            device,
            exemption,
        }
    }

    async fn everybody_of(&self, name: &str, area: &str) -> Client {
        let grants: Vec<_> = ROLES.iter().map(|role| (*role, area)).collect();
        self.city.account(name, &grants).await
    }
}

/// Three hours at the site, which is too long for what was not brought. The laboratory, which can do one a day, has two
/// results, of which one is positive and released; a third tube is not in its box. Answers the pool that is followed up
/// with its member, and the tube that was not there.
async fn at_the_lab(city: &City, phone: &mut Phone, site: uuid::Uuid, lab: &str) -> ((String, i64), String) {
    let mut people = Vec::new();
    for nth in 0..60 {
        people.extend(city.people(city.site(nth)).await);
    }
    let code = |serial: u32| TubeCode::from_serial(serial).as_str().to_owned();
    let (tested, lost, packed) = ([code(11), code(12)], code(13), BoxCode::from_serial(11).as_str().to_owned());
    let mut commands = Vec::new();
    for (tube, person) in tested.iter().chain([&lost]).zip(&people[10..]) {
        commands.push(phone.swab(city.round(), site, tube, *person));
        commands.push(phone.command(json!({ "op": "seal_tube", "tube": tube, "counted": 1, "difference_signed_by": null })));
    }
    commands.push(phone.command(json!({ "op": "pack_tube", "box": packed, "tube": lost, "site": site })));
    commands.push(phone.command(json!({ "op": "seal_box", "box": packed, "counted": 1, "difference_signed_by": null })));
    phone.records(&commands).await;
    city.drain().await;
    city.clock.advance_seconds(3 * 3600 + 60);
    let (entry, release) = (city.sign_in("labentry").await, city.sign_in("labrelease").await);
    let at = |path: &str| format!("/api/v1/labs/{lab}{path}");
    let reception = id(&entry.post(&at("/receptions"), json!({ "boxes": [packed] })).await.ok());
    let scans: Vec<_> = tested.iter().map(|tube| json!({ "code": tube })).collect();
    entry.post(&at(&format!("/receptions/{reception}/scans")), json!(scans)).await.ok();
    entry.post(&at(&format!("/receptions/{reception}/close")), json!({ "difference_signed_by": "王芳" })).await.ok();
    let rows = [json!({ "tube": tested[0], "value": "positive" }), json!({ "tube": tested[1], "value": "negative" })];
    entry.post(&at("/results"), json!({ "run": null, "source": "typed", "rows": rows })).await.ok();
    release.post(&at(&format!("/tubes/{}/release", tested[0])), json!({ "value": "positive" })).await.ok();
    city.drain().await;
    jobs::tick(&city.app).await.unwrap();
    let [pool, _] = tested;
    ((pool, people[10]), lost)
}

/// The tube with a swab of nobody known.
fn tube_of_nobody() -> String {
    TubeCode::from_serial(2).as_str().to_owned()
}

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

fn line(method: &'static str, route: &'static str, values: &[(&str, &str)], body: Value, rule: Rule) -> Line {
    let path = values.iter().fold(route.to_owned(), |path, (name, value)| {
        if let Some(query) = name.strip_prefix('?') {
            format!("{path}?{query}={value}")
        } else {
            path.replace(&format!("{{{name}}}"), value)
        }
    });
    (method, route, path, body, rule)
}

fn account_lines(t: &Town) -> Vec<Line> {
    let id = [("id", t.account.as_str())];
    let new =
        json!({ "name": "new-here", "display_name": "n", "password": demo::PASSWORD, "grants": [{ "role": "courier", "area": t.town }] });
    vec![
        line("GET", "/api/v1/session", &[], json!(null), Open),
        line("DELETE", "/api/v1/session", &[], json!(null), Open),
        line("PUT", "/api/v1/session/password", &[], json!({}), Open),
        line("GET", "/api/v1/sessions", &[], json!(null), Open),
        line("DELETE", "/api/v1/sessions/{id}", &[("id", "AAAAAAAAAAAAAAAAAAAAAA")], json!(null), Open),
        line("GET", "/api/v1/accounts", &[], json!(null), Blind(t.account.clone())),
        line("POST", "/api/v1/accounts", &[], new, Refused),
        line("PUT", "/api/v1/accounts/{id}/grants", &id, json!([{ "role": "courier", "area": t.town }]), Refused),
        line("PUT", "/api/v1/accounts/{id}/active", &id, json!({ "active": true }), Refused),
        line("POST", "/api/v1/accounts/{id}/reset-link", &id, json!({}), Refused),
        line("GET", "/api/v1/devices", &[], json!(null), Blind(t.device.clone())),
        line("POST", "/api/v1/enrolments", &[], json!({ "account": t.account, "label": "x" }), Refused),
        line("DELETE", "/api/v1/devices/{id}", &[("id", &t.device)], json!(null), Refused),
        line("GET", "/api/v1/access-log", &[("?actor", "admin")], json!(null), Blind("create_account".into())),
    ]
}

fn people_lines(t: &Town) -> Vec<Line> {
    let (person, second) = (t.person.to_string(), t.second.to_string());
    let no = [("no", person.as_str())];
    let import = [("id", t.import.as_str())];
    let why = json!({ "reason": "test" });
    let form = json!({ "name": "李四", "document_number": "110101194912311019", "living_area": t.village });
    let columns = json!({ "columns": ["name", "document_number", "living_area"] });
    vec![
        line("POST", "/api/v1/areas", &[], json!("code,name,parent,level,population\n"), Open),
        line("POST", "/api/v1/people/search", &[], json!({ "text": person }), Blind(format!("\"no\":{person}"))),
        line("GET", "/api/v1/people/{no}", &no, json!(null), Refused),
        line("POST", "/api/v1/people/{no}/reveal", &no, why.clone(), Refused),
        line("POST", "/api/v1/people", &[], form, Refused),
        line("PATCH", "/api/v1/people/{no}", &no, json!({ "version": 1, "reason": "test", "workplace": "x" }), Refused),
        line("POST", "/api/v1/people/{no}/merge", &no, json!({ "goes": t.second, "reason": "test" }), Refused),
        line("POST", "/api/v1/people/{no}/unmerge", &no, json!({ "goes": t.second, "reason": "test" }), Refused),
        line("POST", "/api/v1/people/{no}/stays", &no, json!({ "group": "key_occupation", "reason": "test" }), Refused),
        line("DELETE", "/api/v1/people/{no}/stays/{group}", &[("no", &second), ("group", "key_occupation")], json!(null), RefusedToo),
        line("POST", "/api/v1/people/{no}/card", &no, why.clone(), Refused),
        line("POST", "/api/v1/people/{no}/card/revoke", &no, why, Refused),
        line("POST", "/api/v1/people/{no}/family-code", &no, json!({}), Refused),
        line("GET", "/api/v1/people/imports", &[], json!(null), Blind(t.import.clone())),
        line("POST", "/api/v1/people/imports", &[], json!({}), Open),
        line("GET", "/api/v1/people/imports/{id}", &import, json!(null), Refused),
        line("POST", "/api/v1/people/imports/{id}/check", &import, columns.clone(), Refused),
        line("POST", "/api/v1/people/imports/{id}/start", &import, columns, Refused),
        line("GET", "/api/v1/people/imports/{id}/preview", &import, json!(null), RefusedToo),
        line("POST", "/api/v1/people/{no}/household", &no, json!({ "with": t.second, "reason": "test" }), Refused),
        line("GET", "/api/v1/people/imports/{id}/bad-rows", &import, json!(null), Refused),
        line("GET", "/api/v1/people/imports/{id}/duplicates", &import, json!(null), Refused),
        line("POST", "/api/v1/people/imports/{id}/duplicates", &import, json!({ "lines": [1], "decision": "keep" }), RefusedToo),
        line("POST", "/api/v1/people/imports/{id}/undo", &import, json!({}), Refused),
    ]
}

fn plan_lines(t: &Town) -> Vec<Line> {
    let round = t.city.round().to_string();
    let (round_id, site) = ([("id", round.as_str())], [("id", t.site.as_str())]);
    let person = t.third.to_string();
    let missing = [("id", round.as_str()), ("?area", t.town.as_str())];
    let of_person = [("id", round.as_str()), ("person", person.as_str())];
    let order = json!({
        "name": "镇一轮", "tube_kind": "pool10", "starts_at": "2022-01-06T00:00:00Z", "ends_at": "2022-01-07T00:00:00Z",
        "scope": [{ "area": t.town }], "groups": [],
    });
    let place = json!({ "name": "新点", "area": t.village, "serves": [t.village], "stations": 1, "hours": "07:00-20:00", "version": 1 });
    let shift = json!({ "station": 2, "account": t.account, "from_at": "2022-01-06T05:00:00Z", "until_at": "2022-01-06T06:00:00Z" });
    let export = json!({ "area": t.town, "format": "csv", "reason": "test" });
    vec![
        line("GET", "/api/v1/areas", &[], json!(null), Open),
        line("GET", "/api/v1/rounds", &[], json!(null), Open),
        line("GET", "/api/v1/rounds/{id}", &round_id, json!(null), Open),
        line("GET", "/api/v1/sites", &[], json!(null), Open),
        line("GET", "/api/v1/sites/states", &[], json!(null), Open),
        line("GET", "/api/v1/sites/{id}/shifts", &site, json!(null), Open),
        line("GET", "/api/v1/labels/{kind}", &[("kind", "tubes")], json!(null), Open),
        line("GET", "/api/v1/planner", &[("?area", &t.town)], json!(null), Open),
        line("POST", "/api/v1/rounds/preview", &[], order.clone(), Refused),
        line("POST", "/api/v1/rounds", &[], order.clone(), Refused),
        line("PUT", "/api/v1/rounds/{id}", &round_id, order, RefusedToo),
        line("POST", "/api/v1/rounds/{id}/events", &round_id, json!({ "event": "begin_closing" }), RefusedToo),
        line("POST", "/api/v1/sites", &[], place.clone(), Refused),
        line("PUT", "/api/v1/sites/{id}", &site, place, Refused),
        line("POST", "/api/v1/sites/{id}/shifts", &site, shift, Refused),
        line("DELETE", "/api/v1/station-shifts/{id}", &[("id", &t.shift)], json!(null), Refused),
        line("GET", "/api/v1/sites/{id}/workers", &site, json!(null), Refused),
        line("GET", "/api/v1/exemptions", &[("?area", &t.town)], json!(null), Refused),
        line("POST", "/api/v1/exemptions", &[], json!({ "person": t.person, "reason": "medical", "note": "" }), Refused),
        line("DELETE", "/api/v1/exemptions/{id}", &[("id", &t.exemption)], json!(null), Refused),
        line("GET", "/api/v1/rounds/{id}/missing", &missing, json!(null), Refused),
        line("GET", "/api/v1/rounds/{id}/missing/areas", &missing, json!(null), Refused),
        line("POST", "/api/v1/rounds/{id}/missing/export", &round_id, export, Refused),
        line("POST", "/api/v1/rounds/{id}/missing/{person}/call", &of_person, json!({}), Refused),
        line("POST", "/api/v1/rounds/{id}/missing/{person}/outcome", &of_person, json!({ "outcome": "coming" }), Refused),
        line("POST", "/api/v1/sites/{id}/opening", &site, json!({ "open": true }), Refused),
    ]
}

fn field_lines(t: &Town) -> Vec<Line> {
    let site = [("?site", t.site.as_str())];
    let exception = [("id", t.exception.as_str())];
    vec![
        // What a stranger's phone sends becomes an exception; see the test below.
        line("POST", "/api/v1/sync", &[], json!({}), Open),
        line("POST", "/api/v1/commands", &[], json!({}), Open),
        line("GET", "/api/v1/field/shift", &site, json!(null), Refused),
        line("GET", "/api/v1/field/roster", &site, json!(null), RefusedToo),
        line("GET", "/api/v1/exceptions", &[], json!(null), Blind(t.exception.clone())),
        line("GET", "/api/v1/exceptions/counts", &[], json!(null), Blind("unknown_person".into())),
        line("GET", "/api/v1/exceptions/{id}", &exception, json!(null), Refused),
        line("POST", "/api/v1/exceptions/{id}/resolve", &exception, json!({ "decision": "keep", "note": "test" }), Refused),
        line("POST", "/api/v1/exceptions/{id}/claim", &exception, json!({ "reason": "test" }), Refused),
        line("POST", "/api/v1/exceptions/export", &[], json!({ "reason": "test", "format": "csv" }), Blind(tube_of_nobody())),
        line("POST", "/api/v1/exceptions/resolve-many", &[], json!({}), Open),
        line("GET", "/api/v1/carried", &[], json!(null), Open),
        line("GET", "/api/v1/tasks", &[("?area", &t.town)], json!(null), Refused),
        line("GET", "/api/v1/tasks/counts", &[("?area", &t.town)], json!(null), Refused),
        line("POST", "/api/v1/tasks/{id}/take", &[("id", NIL)], json!({}), RefusedToo),
        line("POST", "/api/v1/tasks/{id}/call", &[("id", NIL)], json!({}), RefusedToo),
        line("POST", "/api/v1/tasks/{id}/outcome", &[("id", NIL)], json!({ "outcome": "handed_over", "note": "x" }), RefusedToo),
        line("GET", "/api/v1/trace/{kind}/{code}", &[("kind", "tube"), ("code", &t.tube)], json!(null), Refused),
        line("GET", "/api/v1/trace/{kind}/{code}", &[("kind", "box"), ("code", &t.the_box)], json!(null), Refused),
        line("GET", "/api/v1/trace/{kind}/{code}", &[("kind", "person"), ("code", &t.person.to_string())], json!(null), Refused),
        line("GET", "/api/v1/live/frame", &[], json!(null), Blind(format!("\"{}\"", t.town))),
        line("GET", "/api/v1/live/rows", &[("?figure=collections&area", &t.town)], json!(null), Refused),
        line("GET", "/api/v1/live/rows", &[("?figure=lab&lab", &t.lab)], json!(null), Refused),
        line("GET", "/api/v1/live/recount", &[], json!(null), RefusedToo),
        line("GET", "/api/v1/operating-mode", &[], json!(null), Open),
        line("PUT", "/api/v1/operating-mode", &[], json!({ "mode": "reduced", "reason": "x" }), RefusedToo),
        line("GET", "/api/v1/reports/{name}", &[("name", "daily.xlsx")], json!(null), Open),
    ]
}

fn lab_lines(t: &Town) -> Vec<Line> {
    let lab = [("lab", t.lab.as_str())];
    let of = [("lab", t.lab.as_str()), ("id", NIL)];
    let tube = [("lab", t.lab.as_str()), ("tube", t.tube.as_str())];
    let member = t.followed.1.to_string();
    let follow_up = [("tube", t.followed.0.as_str()), ("person", member.as_str())];
    let run = json!({ "id": NIL, "name": "P", "instrument": NIL, "kit": NIL, "lot": "L" });
    let mapping = json!({ "layout": "wide", "tube": "tube", "ct": [{ "column": "ct", "target": "ORF1ab" }] });
    let kit = json!({ "name": "盒", "run_s_min": 4500, "cutoff": 38.0, "internal_control": "IC" });
    vec![
        line("GET", "/api/v1/labs", &[], json!(null), Blind(t.lab.clone())),
        line("GET", "/api/v1/lab-kits", &[], json!(null), Open),
        line("POST", "/api/v1/lab-kits", &[], kit, Refused),
        line("POST", "/api/v1/labs", &[], json!({ "name": "x", "area": t.town, "rated_per_day": 10 }), Refused),
        line("GET", "/api/v1/labs/{lab}", &lab, json!(null), Refused),
        line("GET", "/api/v1/labs/{lab}/instruments", &lab, json!(null), Refused),
        line("POST", "/api/v1/labs/{lab}/instruments", &lab, json!({ "name": "PCR" }), Refused),
        line("PUT", "/api/v1/labs/{lab}/instruments/{id}/mapping", &of, mapping, RefusedToo),
        line("GET", "/api/v1/labs/{lab}/receptions", &lab, json!(null), Refused),
        line("POST", "/api/v1/labs/{lab}/receptions", &lab, json!({ "boxes": [t.the_box] }), Refused),
        line("GET", "/api/v1/labs/{lab}/receptions/{id}", &of, json!(null), RefusedToo),
        line("POST", "/api/v1/labs/{lab}/receptions/{id}/scans", &of, json!([{ "code": t.tube }]), RefusedToo),
        line("POST", "/api/v1/labs/{lab}/receptions/{id}/close", &of, json!({}), RefusedToo),
        line("GET", "/api/v1/labs/{lab}/tubes", &[("lab", &t.lab), ("?stage", "received")], json!(null), Refused),
        line("POST", "/api/v1/labs/{lab}/runs/{id}/repeat", &of, json!({}), RefusedToo),
        line("GET", "/api/v1/missing-tubes", &[], json!(null), Blind(t.lost.clone())),
        line("POST", "/api/v1/labels/cards", &[], json!({}), Open),
        line("POST", "/api/v1/tubes/{tube}/void", &tube, json!({ "reason": "test" }), RefusedToo),
        line("GET", "/api/v1/labs/{lab}/holds", &lab, json!(null), Refused),
        line("POST", "/api/v1/labs/{lab}/holds/{tube}/resolve", &tube, json!({ "action": "discard", "note": "x" }), RefusedToo),
        line("POST", "/api/v1/labs/{lab}/tubes/{tube}/reject", &tube, json!({ "reason": "leaked" }), RefusedToo),
        line("POST", "/api/v1/labs/{lab}/tubes/{tube}/repeat", &tube, json!({}), RefusedToo),
        line("POST", "/api/v1/labs/{lab}/tubes/{tube}/release", &tube, json!({ "value": "negative" }), RefusedToo),
        line("GET", "/api/v1/labs/{lab}/runs", &lab, json!(null), Refused),
        line("POST", "/api/v1/labs/{lab}/runs", &lab, run, RefusedToo),
        line("GET", "/api/v1/labs/{lab}/runs/{id}", &of, json!(null), RefusedToo),
        line("POST", "/api/v1/labs/{lab}/runs/{id}/wells", &of, json!({ "tubes": [t.tube] }), RefusedToo),
        line("POST", "/api/v1/labs/{lab}/runs/{id}/wells/clear", &of, json!({ "well": "A1" }), RefusedToo),
        line("POST", "/api/v1/labs/{lab}/runs/{id}/move", &of, json!({ "event": "start" }), RefusedToo),
        line(
            "POST",
            "/api/v1/labs/{lab}/results",
            &lab,
            json!({ "source": "typed", "rows": [{ "tube": t.tube, "value": "negative" }] }),
            Refused,
        ),
        line("POST", "/api/v1/labs/{lab}/imports/columns", &lab, json!({}), Refused),
        line("POST", "/api/v1/labs/{lab}/imports", &[("lab", &t.lab), ("?file_name=a.csv&instrument", NIL)], json!({}), RefusedToo),
        line("POST", "/api/v1/labs/{lab}/imports/{id}/confirm", &of, json!({}), RefusedToo),
        line("POST", "/api/v1/labs/{lab}/imports/{id}/discard", &of, json!({}), RefusedToo),
        line("GET", "/api/v1/labs/{lab}/release", &lab, json!(null), Refused),
        line("POST", "/api/v1/labs/{lab}/release", &lab, json!({ "id": NIL }), Refused),
        line("GET", "/api/v1/labs/{lab}/release/{id}", &of, json!(null), RefusedToo),
        line("POST", "/api/v1/labs/{lab}/flags/{id}/clear", &of, json!({ "note": "x" }), RefusedToo),
        line("GET", "/api/v1/lab-flags", &[("?lab", &t.lab)], json!(null), Refused),
        line("GET", "/api/v1/lab-flags", &[], json!(null), Blind("over_capacity".into())),
        line("GET", "/api/v1/clock-alerts", &[("?lab", &t.lab)], json!(null), Refused),
        line("GET", "/api/v1/clock-alerts", &[], json!(null), Blind(t.tube.clone())),
        line("GET", "/api/v1/follow-ups", &[], json!(null), Blind(t.followed.0.clone())),
        line("GET", "/api/v1/follow-ups/{tube}", &follow_up, json!(null), Refused),
        line(
            "POST",
            "/api/v1/follow-ups/{tube}/members/{person}/outcome",
            &follow_up,
            json!({ "outcome": "unreachable", "note": "x" }),
            Refused,
        ),
    ]
}

fn refused(answer: &Answer) -> bool {
    // A town is no area for somebody who may not look there.
    matches!(answer.json["code"].as_str(), Some("forbidden" | "not_found"))
}

async fn ask(client: &Client, (method, _, path, body, _): &Line) -> Answer {
    let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    client.send(Method::from_bytes(method.as_bytes()).unwrap(), path, "application/json", bytes).await
}

#[tokio::test]
async fn somebody_of_another_town_sees_and_changes_nothing_of_this_one() {
    let town = Town::start().await;
    let plan = town.city.app.plan();
    let other = plan.areas.iter().map(|area| area.code.to_string()).find(|code| code.len() == 9 && *code != town.town).unwrap();
    let (stranger, here) = (town.everybody_of("stranger", &other).await, town.everybody_of("everybody", "330784").await);
    let lines = [account_lines(&town), people_lines(&town), plan_lines(&town), field_lines(&town), lab_lines(&town)].concat_lines();
    let told: BTreeSet<String> = lines.iter().map(|(method, route, ..)| format!("{method} {route}")).collect();
    let guarded = town.city.routes.iter().filter(|route| matches!(route.access, Access::Guarded(_)));
    // A stream is the frame again and again.
    let routes: BTreeSet<String> =
        guarded.map(|route| format!("{} {}", route.method, route.path)).filter(|route| route != "GET /api/v1/live/stream").collect();
    assert_eq!(told, routes, "each guarded route has a line here, and each line a route");
    let mut wrong = Vec::new();
    for line in &lines {
        let (method, _, path, _, rule) = line;
        if matches!(rule, Open) {
            continue;
        }
        let theirs = ask(&stranger, line).await;
        let ours = if matches!(rule, RefusedToo) { None } else { Some(ask(&here, line).await) };
        let text = |answer: &Answer| String::from_utf8_lossy(&answer.bytes).into_owned();
        let good = match rule {
            Refused | RefusedToo => refused(&theirs) && !ours.as_ref().is_some_and(refused),
            Blind(word) => {
                theirs.status.is_success() && !text(&theirs).contains(word) && ours.as_ref().is_some_and(|ours| text(ours).contains(word))
            }
            Open => true,
        };
        if !good {
            let ours = ours.map(|ours| text(&ours).chars().take(300).collect::<String>());
            wrong.push(format!("{method} {path}: {} {:.300}\n    here: {ours:?}", theirs.status, text(&theirs)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Lists of lines as one.
trait Lines {
    fn concat_lines(self) -> Vec<Line>;
}

impl<const N: usize> Lines for [Vec<Line>; N] {
    fn concat_lines(self) -> Vec<Line> {
        self.into_iter().flatten().collect()
    }
}

#[tokio::test]
async fn the_phones_of_a_site_are_seen_by_its_own_town() {
    let town = Town::start().await;
    let plan = town.city.app.plan();
    let other = plan.areas.iter().map(|area| area.code.to_string()).find(|code| code.len() == 9 && *code != town.town).unwrap();
    let (stranger, here) = (town.everybody_of("stranger", &other).await, town.everybody_of("everybody", &town.town).await);
    town.city.clock.advance_seconds(20 * 60);
    town.city.drain().await;
    for (client, phones) in [(&here, 1), (&stranger, 0)] {
        let frame = client.get("/api/v1/live/frame").await.ok();
        assert_eq!((frame["devices"].as_i64(), frame["devices_silent_total"].as_i64()), (Some(phones), Some(phones)), "{frame}");
        assert_eq!(client.get("/api/v1/live/rows?figure=devices_silent").await.ok()["total"], phones);
    }
}

#[tokio::test]
async fn what_a_phone_of_another_town_sends_is_an_exception() {
    let town = Town::start().await;
    let plan = town.city.app.plan();
    let other = plan.areas.iter().map(|area| area.code.to_string()).find(|code| code.len() == 9 && *code != town.town).unwrap();
    town.everybody_of("stranger", &other).await;
    let mut phone = town.city.phone("stranger").await;
    let site: uuid::Uuid = town.site.parse().unwrap();
    let swab = phone.swab(town.city.round(), site, TubeCode::from_serial(9).as_str(), town.second);
    let seal = phone.command(json!({ "op": "seal_tube", "tube": town.tube, "counted": 1, "difference_signed_by": null }));
    let close = phone.command(json!({ "op": "seal_box", "box": town.the_box, "counted": 1, "difference_signed_by": null }));
    let answer = phone.sync(&[swab, seal, close]).await.ok();
    for outcome in answer["outcomes"].as_array().unwrap() {
        assert_eq!(outcome["exception"], "out_of_scope", "{outcome}");
    }
    phone.client.get(&format!("/api/v1/field/roster?site={site}")).await.refused("forbidden");
}
