//! The demo: a synthetic city, and the reference case replayed on it.

pub mod city;
pub mod http;
pub mod make;
pub mod replay;
pub mod seed;

use allclear_domain::{kernel::access::Role, people::mask};
use allclear_store::{StoreError, Tx};
use allclear_wire::demo::{Demo, DemoAccount as WireAccount, DemoResident};

use crate::{accounts::view, app::App, edge::problem::Result};

/// Password of every demo account: the demo has no secrets.
pub const PASSWORD: &str = "allclear-demo";

/// The sample city's division tree, from public data.
pub const AREAS_CSV: &str = include_str!("../../../../data/330784-areas.csv");

/// One demo account.
pub struct DemoAccount {
    /// Name to sign in with.
    pub name: &'static str,
    /// Name shown to others.
    pub display_name: &'static str,
    /// Its role, in the whole city.
    pub role: Role,
}

/// One account for each role.
pub const ACCOUNTS: [DemoAccount; 9] = [
    DemoAccount { name: "registrar", display_name: "采样登记员 林小满", role: Role::Registrar },
    DemoAccount { name: "sitelead", display_name: "采样点长 应立夏", role: Role::SiteLead },
    DemoAccount { name: "courier", display_name: "转运员 胡谷雨", role: Role::Courier },
    DemoAccount { name: "labentry", display_name: "检测人员 吕白露", role: Role::LabEntry },
    DemoAccount { name: "labrelease", display_name: "审核人员 徐霜降", role: Role::LabRelease },
    DemoAccount { name: "headquarters", display_name: "指挥部 陈立春", role: Role::Headquarters },
    DemoAccount { name: "gridworker", display_name: "网格员 王小雪", role: Role::GridWorker },
    DemoAccount { name: "admin", display_name: "管理员 朱清明", role: Role::Administrator },
    DemoAccount { name: "auditor", display_name: "监督 施寒露", role: Role::Auditor },
];

/// How many residents the landing page offers.
const RESIDENTS: i64 = 3;

/// What the landing page of the demo tells anybody.
pub async fn guide(app: &App) -> Result<Demo> {
    let Some(village) = app.plan().sites.values().map(|site| site.area).min() else { return Ok(Demo::default()) };
    let read = app.store.read("demo_guide", move |tx| {
        let rows = tx.roster(village, RESIDENTS * 4)?;
        let residents = rows.iter().filter_map(|row| resident(tx, row.no.0, &row.name).transpose()).take(RESIDENTS as usize);
        Ok::<_, StoreError>((tx.count_persons()?, residents.collect::<Result<Vec<_>, StoreError>>()?))
    });
    let (population, residents) = read.await?;
    let accounts = ACCOUNTS.iter().map(|account| WireAccount {
        name: account.name.into(),
        password: PASSWORD.into(),
        display_name: account.display_name.into(),
        role: view::role(account.role),
    });
    Ok(Demo { accounts: accounts.collect(), residents, population })
}

/// A synthetic resident who has a card and a document.
fn resident(tx: &Tx<'_>, no: i64, name: &str) -> Result<Option<DemoResident>, StoreError> {
    let Some((_, code)) = tx.cards_of(&[no])?.into_iter().next() else { return Ok(None) };
    let Some((_, _, _, sealed)) = tx.documents_of(&[no])?.into_iter().next() else { return Ok(None) };
    let number = tx.keys().open_cell("document", "number", &no.to_string(), &sealed)?;
    let tail = number.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
    Ok(Some(DemoResident { name: mask::name(name), code, document_tail: tail }))
}
