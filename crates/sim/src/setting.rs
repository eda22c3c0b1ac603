//! The city that every seed begins with: made once, put up for each.

use allclear_domain::kernel::time::Instant;
use allclear_server::clock::Clock;
use allclear_testkit::{City, Client, Frozen};
use serde_json::json;
use uuid::Uuid;

/// Phones of registrars.
pub const REGISTRARS: usize = 3;
/// The courier's phone comes after them.
pub const COURIER: usize = REGISTRARS;
/// Chairs with a cookie: who enters, who releases, who may do both, who keeps the register.
pub const CHAIRS: [&str; 4] = ["labentry", "labrelease", "both", "admin"];
const PASSWORD_OF_BOTH: &str = "a long password 1";

/// A phone as it was enrolled.
#[derive(Debug, Clone)]
pub struct Enrolled {
    /// Its token.
    pub token: String,
    /// Its short number.
    pub no: i64,
}

/// The city, and what is needed to act in it.
pub struct Setting {
    /// Its rows.
    pub frozen: Frozen,
    /// The open round.
    pub round: Uuid,
    /// The site at which everything happens.
    pub site: Uuid,
    /// People who come.
    pub people: Vec<i64>,
    /// Persons in the register.
    pub registered: i64,
    /// Registrars' phones, then the courier's.
    pub phones: Vec<Enrolled>,
    /// Cookies of [`CHAIRS`].
    pub cookies: Vec<String>,
    /// When they were given.
    pub signed_in_at: Instant,
    /// The laboratory.
    pub lab: Uuid,
    /// Its instrument.
    pub instrument: Uuid,
    /// Its kit.
    pub kit: Uuid,
}

/// Signs somebody in; answers their client.
pub async fn sign_in(city: &City, name: &str) -> Client {
    if name != "both" {
        return city.sign_in(name).await;
    }
    let mut client = city.nobody();
    client.sign_in(name, PASSWORD_OF_BOTH).await;
    client
}

fn id(value: &serde_json::Value) -> Uuid {
    value["id"].as_str().and_then(|id| id.parse().ok()).unwrap_or_default()
}

impl Setting {
    /// Makes the city.
    pub async fn make(population: u64) -> Self {
        let city = City::with_population(population).await;
        // The round has been open for a while, so that a slow clock does not point before it.
        city.clock.advance_seconds(3 * 3600);
        let both = json!({ "name": "both", "display_name": "两岗", "password": PASSWORD_OF_BOTH, "grants": [
            { "role": "lab_entry", "area": "330784" }, { "role": "lab_release", "area": "330784" } ] });
        city.sign_in("admin").await.post("/api/v1/accounts", both).await.ok();
        let mut phones = Vec::new();
        for number in 0..=REGISTRARS {
            let phone = city.phone(if number == COURIER { "courier" } else { "registrar" }).await;
            phones.push(Enrolled { token: phone.client.token().to_owned(), no: phone.device_no });
        }
        let mut cookies = Vec::new();
        for name in CHAIRS {
            cookies.push(sign_in(&city, name).await.cookie().to_owned());
        }
        let entry = city.with_cookie(&cookies[0]);
        let lab = id(&entry.get("/api/v1/labs").await.ok()[0]);
        let kit = id(&entry.get("/api/v1/lab-kits").await.ok()[0]);
        let instrument = id(&entry.get(&format!("/api/v1/labs/{lab}/instruments")).await.ok()[0]);
        let mut people = Vec::new();
        for site in 0..40 {
            people.extend(city.people(city.site(site)).await);
        }
        let registered = city.app.store.read("register", |tx| tx.count_persons()).await.expect("the store answers");
        let (round, site, signed_in_at) = (city.round(), city.site(0), city.clock.now());
        let frozen = Frozen::of(city).await;
        Self { frozen, round, site, people, registered, phones, cookies, signed_in_at, lab, instrument, kit }
    }
}
