//! A register file on its way in, and a server that may die under it.

use allclear_testkit::Method;
use serde_json::{Value, json};

use crate::{
    failure::{Checked, ensure, fail},
    town::{LOOKS, Town, away},
};

/// A resident number that nobody has: the check digit of GB 11643.
fn document(person: u32) -> String {
    let body = format!("110105{:04}0101{:03}", 1930 + person / 900, person % 900 + 1);
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let check = ["1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"][(sum % 11) as usize];
    format!("{body}{check}")
}

fn file(first: u32, rows: u32, bad: u32) -> Vec<u8> {
    let mut text = String::from("姓名,证件号码,手机号,村社区\n");
    for person in first..first + rows {
        text += &format!("应采薇,{},,石柱镇塘里村\n", document(person));
    }
    for line in 0..bad {
        text += &format!("错一个,11010519491231002{},12,火星\n", line % 9 + 1);
    }
    text.into_bytes()
}

impl Town<'_> {
    /// Takes a file in; if the server dies under it the persons are there or not, and the file is sent
    /// again some other day.
    pub(crate) async fn import(&mut self, first: u32, rows: u32, bad: u32) -> Checked {
        self.city().faults().mend_cut();
        let path = format!("/api/v1/people/imports?file_name=sim{first}.csv");
        let client = self.chair("admin").await;
        let preview = client.send(Method::POST, &path, "application/octet-stream", file(first, rows, bad)).await;
        drop(client);
        self.sum.requests += 1;
        if away(&preview) {
            return self.import_cut(first, rows).await;
        }
        ensure(preview.status.is_success(), "a register file is read", || format!("{} {}", preview.status, preview.json))?;
        let fields: Vec<Value> = preview.json["columns"].as_array().into_iter().flatten().map(|column| column["field"].clone()).collect();
        let id = preview.json["id"].as_str().and_then(|id| id.parse::<uuid::Uuid>().ok()).unwrap_or_default();
        let start = format!("/api/v1/people/imports/{id}/start");
        let started = self.chair("admin").await.post(&start, json!({ "columns": fields })).await;
        self.sum.requests += 1;
        if away(&started) {
            self.imported.cut.insert(id);
            return self.import_cut(first, rows).await;
        }
        ensure(started.status.is_success(), "a register file is taken in", || format!("{} {}", started.status, started.json))?;
        for _ in 0..LOOKS {
            if self.city().faults().is_dead() {
                self.imported.cut.insert(id);
                return self.import_cut(first, rows).await;
            }
            let import = self.look(move |tx| tx.import(allclear_domain::kernel::id::Id::new(id))).await;
            let Some(import) = import else { return fail("a register file is kept", start) };
            if import.state != "running" {
                let counts = (import.counts.added + import.counts.unchanged, import.counts.bad);
                ensure(import.state == "done" && counts == (i64::from(rows), i64::from(bad)), "a register file goes in whole", || {
                    format!("{import:?}, expected {rows} persons and {bad} bad lines")
                })?;
                self.imported.sure.extend(first..first + rows);
                return Ok(());
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        fail("no job is left", start)
    }

    async fn import_cut(&mut self, first: u32, rows: u32) -> Checked {
        self.imported.perhaps.extend(first..first + rows);
        if self.mend_if_dead().await? { self.audit().await } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn documents_have_their_check_digit() {
        assert_eq!(super::document(0).len(), 18);
        // Of the standard's own example: 11010519491231002X.
        let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
        let sum: u32 = "11010519491231002".bytes().zip(weights).map(|(d, w)| u32::from(d - b'0') * w).sum();
        assert_eq!(sum % 11, 2, "the place of X");
    }
}
