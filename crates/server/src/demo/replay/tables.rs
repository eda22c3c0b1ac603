//! Simulated sampling tables, in lanes that each have a connection of their own.

use std::collections::VecDeque;

use allclear_domain::kernel::{
    code::{BoxCode, TubeCode},
    time::Instant,
};
use serde_json::json;
use uuid::Uuid;

use super::{
    client::{Result, Wire},
    phone::Phone,
};

/// Persons of one pool.
pub const POOL: usize = 10;

/// A site with one phone.
pub struct Table {
    /// Site.
    pub site: Uuid,
    /// Town it stands in.
    pub town: String,
    /// Everybody whom it serves.
    pub people: Vec<i64>,
    /// The phone.
    pub phone: Phone,
    /// Tubes still to be filled in this round, by who goes into each.
    pub queue: VecDeque<Vec<i64>>,
    /// Sealed tubes that wait for a box.
    sealed: Vec<String>,
}

impl Table {
    /// A table whose phone has loaded its roster.
    #[must_use]
    pub const fn new(site: Uuid, town: String, people: Vec<i64>, phone: Phone) -> Self {
        Self { site, town, people, phone, queue: VecDeque::new(), sealed: Vec::new() }
    }
}

/// Tables that share a connection.
pub struct Lane {
    /// The connection.
    pub wire: Wire,
    /// Its tables.
    pub tables: Vec<Table>,
    /// First serial number of its labels, in hundreds of millions for tubes and tens for boxes.
    pub number: u32,
    tubes: u32,
    boxes: u32,
}

/// A sealed box that was given away.
#[derive(Debug, Clone)]
pub struct Given {
    /// Its code.
    pub code: String,
    /// The hand-over.
    pub handover: Uuid,
    /// Tubes in it.
    pub tubes: Vec<String>,
}

/// A tube that was filled.
#[derive(Debug, Clone)]
pub struct Filled {
    /// Its code.
    pub code: String,
    /// Town.
    pub town: String,
    /// Lane and table.
    pub table: (usize, usize),
    /// Who is in it.
    pub people: Vec<i64>,
}

impl Lane {
    /// A lane without tables.
    #[must_use]
    pub const fn new(wire: Wire, number: u32) -> Self {
        Self { wire, tables: Vec::new(), number, tubes: 0, boxes: 0 }
    }

    fn tube_code(&mut self) -> String {
        self.tubes += 1;
        TubeCode::from_serial(500_000_000 + self.number * 10_000_000 + self.tubes).as_str().to_owned()
    }

    fn box_code(&mut self) -> String {
        self.boxes += 1;
        BoxCode::from_serial(50_000_000 + self.number * 1_000_000 + self.boxes).as_str().to_owned()
    }

    /// Fills tubes at some tables between two times and sends what the phones kept, by their clocks
    /// at `now`; `work` says how many tubes at which table.
    pub async fn fill(
        &mut self,
        round: Uuid,
        work: &[(usize, usize)],
        (from, until): (Instant, Instant),
        now: Instant,
    ) -> Result<Vec<Filled>> {
        let mut filled = Vec::new();
        for (table, tubes) in work {
            let tubes: Vec<Vec<i64>> = (0..*tubes).filter_map(|_| self.tables[*table].queue.pop_front()).collect();
            let commands: usize = tubes.iter().map(|people| people.len() + 1).sum();
            let step = (until.0 - from.0) / (commands as i64 + 2);
            let mut at = Instant(from.0 + step);
            for people in tubes {
                let code = self.fill_tube(round, *table, "pool10", &people, &mut at, step);
                filled.push(Filled { code, town: self.tables[*table].town.clone(), table: (self.number as usize, *table), people });
            }
            self.tables[*table].phone.send(&mut self.wire, now).await?;
        }
        Ok(filled)
    }

    /// Puts people into one tube and seals it.
    pub fn fill_tube(&mut self, round: Uuid, table: usize, kind: &str, people: &[i64], at: &mut Instant, step: i64) -> String {
        let code = self.tube_code();
        let table = &mut self.tables[table];
        for no in people {
            let swab = json!({
                "op": "record_collection", "round": round, "site": table.site, "station": 1, "tube": code, "tube_kind": kind,
                "person": { "by": "no", "no": no }, "id_mode": "code",
            });
            table.phone.keep(*at, swab);
            *at = Instant(at.0 + step);
        }
        table.phone.keep(*at, json!({ "op": "seal_tube", "tube": code, "counted": people.len(), "difference_signed_by": null }));
        *at = Instant(at.0 + step);
        table.sealed.push(code.clone());
        code
    }

    /// Packs what is sealed, table by table, and gives the boxes away.
    pub async fn give(&mut self, now: Instant) -> Result<Vec<Given>> {
        let mut given = Vec::new();
        for index in 0..self.tables.len() {
            if self.tables[index].sealed.is_empty() {
                continue;
            }
            let code = self.box_code();
            let table = &mut self.tables[index];
            let tubes = std::mem::take(&mut table.sealed);
            // After the seal of the last tube, which may be only seconds old.
            let mut at = now;
            let mut next = || {
                at = Instant(at.0 + 1000);
                at
            };
            for tube in &tubes {
                table.phone.keep(next(), json!({ "op": "pack_tube", "box": code, "tube": tube, "site": table.site }));
            }
            table.phone.keep(next(), json!({ "op": "seal_box", "box": code, "counted": tubes.len(), "difference_signed_by": null }));
            let handover = uuid::Builder::from_unix_timestamp_millis(u64::try_from(now.0 / 1000).unwrap_or(0), &hash10(&code)).into_uuid();
            table.phone.keep(next(), half("giver", handover, &code));
            table.phone.send(&mut self.wire, now).await?;
            given.push(Given { code, handover, tubes });
        }
        Ok(given)
    }
}

/// One half of a hand-over.
#[must_use]
pub fn half(side: &str, handover: Uuid, code: &str) -> serde_json::Value {
    json!({ "op": "hand_over", "handover": handover, "side": side, "boxes": [code], "counterpart": null, "destination": "lab" })
}

fn hash10(text: &str) -> [u8; 10] {
    let digest = allclear_seal::sha256(text.as_bytes());
    let mut out = [0; 10];
    out.copy_from_slice(&digest[..10]);
    out
}
