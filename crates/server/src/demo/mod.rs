//! The demo: a synthetic city, and the reference case replayed on it.

pub mod city;
pub mod seed;

use allclear_domain::kernel::access::Role;

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
