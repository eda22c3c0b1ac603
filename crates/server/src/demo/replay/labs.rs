//! Simulated laboratories: what arrives is received, put on plates, resulted and released.

use allclear_domain::kernel::time::Instant;
use serde_json::{Value, json};
use uuid::Uuid;

use super::client::{As, ReplayError, Result, Wire};

/// Tubes of one plate beside its two controls.
const PLATE: usize = 94;
/// Boxes of one reception.
const BOXES: usize = 50;
/// Scans of one request.
const SCANS: usize = 500;

/// One laboratory with somebody in each chair.
pub struct Lab {
    path: String,
    instrument: Value,
    kit: Value,
    plates: u64,
}

/// A plate on the machine.
pub struct Plate {
    run: Uuid,
    /// Its tubes.
    pub tubes: Vec<String>,
}

fn id(seed: u64, at: Instant) -> Uuid {
    let mut random = [9; 10];
    random[2..].copy_from_slice(&seed.to_be_bytes());
    uuid::Builder::from_unix_timestamp_millis(u64::try_from(at.0 / 1000).unwrap_or(0), &random).into_uuid()
}

impl Lab {
    /// Headquarters names a laboratory; its staff name an instrument.
    pub async fn found(wire: &mut Wire, name: &str, rated_per_day: u32, now: Instant) -> Result<Self> {
        let headquarters = wire.session("headquarters", now).await?;
        let entry = wire.session("labentry", now).await?;
        let lab = json!({ "name": name, "area": "330784", "rated_per_day": rated_per_day });
        let lab = wire.post("/api/v1/labs", &headquarters, &lab).await?;
        let path = format!("/api/v1/labs/{}", lab["id"].as_str().unwrap_or_default());
        let kit = json!({ "name": format!("{name}双靶标试剂"), "run_s_min": 4500, "cutoff": 38.0, "internal_control": "IC" });
        let kit = wire.post("/api/v1/lab-kits", &headquarters, &kit).await?;
        let instrument = wire.post(&format!("{path}/instruments"), &entry, &json!({ "name": "PCR 1" })).await?;
        Ok(Self { path, instrument: instrument["id"].clone(), kit: kit["id"].clone(), plates: 0 })
    }

    /// Receives boxes by scanning every tube.
    pub async fn receive(&self, wire: &mut Wire, boxes: &[(String, Vec<String>)], now: Instant) -> Result<()> {
        let entry = wire.session("labentry", now).await?;
        for boxes in boxes.chunks(BOXES) {
            let codes: Vec<&String> = boxes.iter().map(|(code, _)| code).collect();
            let opened = wire.post(&format!("{}/receptions", self.path), &entry, &json!({ "boxes": codes })).await?;
            let reception = format!("{}/receptions/{}", self.path, opened["id"].as_str().unwrap_or_default());
            let tubes: Vec<&String> = boxes.iter().flat_map(|(_, tubes)| tubes).collect();
            for scans in tubes.chunks(SCANS) {
                let scans: Vec<Value> = scans.iter().map(|code| json!({ "code": code })).collect();
                let answers = wire.post(&format!("{reception}/scans"), &entry, &json!(scans)).await?;
                let odd = answers.as_array().into_iter().flatten().find(|answer| answer["verdict"] != "matched");
                if let Some(odd) = odd {
                    return Err(ReplayError::Other(format!("at reception: {odd}")));
                }
            }
            wire.post(&format!("{reception}/close"), &entry, &json!({})).await?;
        }
        Ok(())
    }

    /// Puts tubes on plates and starts them.
    pub async fn start(&mut self, wire: &mut Wire, tubes: &[String], now: Instant) -> Result<Vec<Plate>> {
        let entry = wire.session("labentry", now).await?;
        let mut plates = Vec::new();
        for tubes in tubes.chunks(PLATE) {
            self.plates += 1;
            let run = id(self.plates, now);
            let request = json!({ "id": run, "name": format!("P-{:04}", self.plates), "instrument": self.instrument, "kit": self.kit, "lot": "20220101" });
            wire.post(&format!("{}/runs", self.path), &entry, &request).await?;
            let wells = format!("{}/runs/{run}/wells", self.path);
            wire.post(&wells, &entry, &json!({ "tubes": tubes })).await?;
            wire.post(&wells, &entry, &json!({ "control": "negative_control", "well": "G12" })).await?;
            wire.post(&wells, &entry, &json!({ "control": "positive_control", "well": "H12" })).await?;
            wire.post(&format!("{}/runs/{run}/move", self.path), &entry, &json!({ "event": "start" })).await?;
            plates.push(Plate { run, tubes: tubes.to_vec() });
        }
        Ok(plates)
    }

    /// Enters what the plates say; `positive` says which tubes are.
    pub async fn enter(&self, wire: &mut Wire, plates: &[Plate], positive: impl Fn(&str) -> bool, now: Instant) -> Result<()> {
        let entry = wire.session("labentry", now).await?;
        for plate in plates {
            let value = |code: &str| if positive(code) { "positive" } else { "negative" };
            let rows: Vec<Value> = plate.tubes.iter().map(|code| json!({ "tube": code, "value": value(code) })).collect();
            let entered = wire
                .post(&format!("{}/results", self.path), &entry, &json!({ "run": plate.run, "source": "scanned", "rows": rows }))
                .await?;
            if entered["refused"].as_array().is_some_and(|refused| !refused.is_empty()) {
                return Err(ReplayError::Other(format!("results refused: {}", entered["refused"])));
            }
        }
        Ok(())
    }

    /// A second person releases: negatives in bulk, everything else one by one.
    pub async fn release(&self, wire: &mut Wire, plates: &[Plate], positive: impl Fn(&str) -> bool, now: Instant) -> Result<()> {
        let releaser: As = wire.session("labrelease", now).await?;
        for code in plates.iter().flat_map(|plate| &plate.tubes).filter(|code| positive(code)) {
            wire.post(&format!("{}/tubes/{code}/release", self.path), &releaser, &json!({ "value": "positive" })).await?;
        }
        let job = id(1 << 40 | self.plates, now);
        wire.post(&format!("{}/release", self.path), &releaser, &json!({ "id": job, "runs": [] })).await?;
        for _ in 0..6000 {
            if wire.get(&format!("{}/release/{job}", self.path), &releaser).await?["state"] == "done" {
                return Ok(());
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        Err(ReplayError::Other("the bulk release does not end".into()))
    }
}
