//! The contract as text, generated from the code: `cargo xtask gen` writes it, CI compares it.

use std::sync::Arc;

use allclear_store::{StoreConfig, StoreError};
use serde::Serialize;

use super::problem::Code;
use super::routes;
use crate::{boot, clock::SystemClock};

/// What the repository keeps of the contract.
pub struct Contract {
    /// `contract/openapi.json`
    pub openapi: String,
    /// `contract/problems.json`
    pub problems: String,
}

#[derive(Serialize)]
struct ProblemText {
    code: &'static str,
    status: u16,
    title: &'static str,
    text_zh: &'static str,
    text_en: &'static str,
}

/// Builds the router on an empty store in `folder` and reads its description.
pub async fn contract(folder: &std::path::Path) -> Result<Contract, StoreError> {
    let store = StoreConfig::Sqlite(folder.join("contract.db"));
    let app = boot::application(&store, &[0; 32], Arc::new(SystemClock), false).await?;
    let (_, openapi, _) = routes::build(&app);
    let problems: Vec<ProblemText> = Code::ALL
        .iter()
        .map(|code| {
            let (status, code, title, text_zh, text_en) = code.row();
            ProblemText { code, status, title, text_zh, text_en }
        })
        .collect();
    Ok(Contract { openapi: json(&openapi), problems: json(&problems) })
}

fn json(value: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    format!("{text}\n")
}
