//! A simulated phone: makes commands with ids and counts of its own and keeps the tubes it filled.

use allclear_domain::kernel::time::Instant;
use serde_json::{Value, json};
use uuid::Uuid;

use super::client::{As, ReplayError, Result, Wire};
use crate::clock::rfc3339;

/// Commands of one sync request, the same bound as the server's.
const COMMANDS_MAX: usize = 200;

/// An enrolled phone.
pub struct Phone {
    /// Its token.
    pub by: As,
    number: u16,
    seq: u64,
    /// Commands that were not sent yet.
    outbox: Vec<Value>,
}

impl Phone {
    /// Enrols a phone for a signed-in account.
    pub async fn enrol(wire: &mut Wire, session: &As, label: &str, number: u16) -> Result<Self> {
        let mut point = [7u8; 65];
        point[0] = 4;
        point[1..3].copy_from_slice(&number.to_be_bytes());
        let body = json!({ "label": label, "public_key": allclear_seal::to_base64url(&point) });
        let enrolled = wire.post("/api/v1/devices/enrol", session, &body).await?;
        let token = enrolled["token"].as_str().ok_or_else(|| ReplayError::Other("no device token".into()))?;
        Ok(Self { by: As::Device(token.to_owned()), number, seq: 0, outbox: Vec::new() })
    }

    /// Keeps a command of `at` in the outbox.
    pub fn keep(&mut self, at: Instant, mut command: Value) -> Uuid {
        self.seq += 1;
        let mut random = [0; 10];
        random[..2].copy_from_slice(&self.number.to_be_bytes());
        random[2..].copy_from_slice(&self.seq.to_be_bytes());
        let millis = u64::try_from(at.0 / 1000).unwrap_or(0);
        let id = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        command["id"] = json!(id);
        command["device_seq"] = json!(self.seq);
        command["at"] = json!(rfc3339(at));
        command["offline"] = json!(false);
        self.outbox.push(command);
        id
    }

    /// Sends what is in the outbox; the script expects no exception.
    pub async fn send(&mut self, wire: &mut Wire, now: Instant) -> Result<()> {
        for batch in std::mem::take(&mut self.outbox).chunks(COMMANDS_MAX) {
            let answer = wire.post("/api/v1/sync", &self.by, &json!({ "sent_at": rfc3339(now), "commands": batch })).await?;
            let outcomes = answer["outcomes"].as_array().map(Vec::as_slice).unwrap_or_default();
            let odd = outcomes.iter().find(|outcome| outcome["state"] != "recorded");
            if outcomes.len() != batch.len() || odd.is_some() {
                return Err(ReplayError::Other(format!("{}: phone {} hears {}", rfc3339(now), self.number, odd.unwrap_or(&answer))));
            }
        }
        Ok(())
    }
}
