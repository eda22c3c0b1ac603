//! Who may do what. One table, default deny: an action without a row is refused to everybody.

/// What an account is trusted with, always inside one area subtree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// 采样登记员: registers swabs at a site.
    Registrar,
    /// 采样点长: runs a site, resolves its exceptions.
    SiteLead,
    /// 转运员: carries boxes.
    Courier,
    /// 检测人员: receives tubes, enters results.
    LabEntry,
    /// 审核人员: releases results that another person entered.
    LabRelease,
    /// 指挥部: orders rounds, sees everything without names.
    Headquarters,
    /// 网格员: follows up who is missing in a few villages.
    GridWorker,
    /// 管理员: accounts, areas, imports.
    Administrator,
    /// 监督: reads the logs, changes nothing.
    Auditor,
}

impl Role {
    /// Every role, in display order.
    pub const ALL: [Self; 9] = [
        Self::Registrar,
        Self::SiteLead,
        Self::Courier,
        Self::LabEntry,
        Self::LabRelease,
        Self::Headquarters,
        Self::GridWorker,
        Self::Administrator,
        Self::Auditor,
    ];

    /// The word used in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registrar => "registrar",
            Self::SiteLead => "site_lead",
            Self::Courier => "courier",
            Self::LabEntry => "lab_entry",
            Self::LabRelease => "lab_release",
            Self::Headquarters => "headquarters",
            Self::GridWorker => "grid_worker",
            Self::Administrator => "administrator",
            Self::Auditor => "auditor",
        }
    }

    /// Reads what [`Role::as_str`] gave.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

/// What a route does. Every route of the desk and field groups names exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Read and change one's own session and devices.
    UseOwnAccount,
    /// Create accounts, grant roles, revoke devices.
    ManageAccounts,
    /// See areas, rounds, sites: no person.
    ReadPlan,
    /// Order and change rounds, sites, shifts.
    ManageRounds,
    /// Send field facts at all; each command needs one of the next two, or none.
    RecordFieldFacts,
    /// Record swabs, and close tubes and boxes over them.
    RecordSwabs,
    /// Load the roster of a site's served areas for offline recognition.
    ReadRoster,
    /// See and resolve exceptions.
    ResolveExceptions,
    /// See persons, masked.
    ReadPersons,
    /// Change, merge and import persons.
    ManagePersons,
    /// See one identity in clear, with a reason; logged.
    RevealPerson,
    /// Missing lists and outcomes of calls.
    WorkMissingList,
    /// Take boxes over and deliver them.
    CarryBoxes,
    /// Receive tubes, build runs, enter results.
    EnterResults,
    /// Release results.
    ReleaseResults,
    /// See lab queues and follow-ups.
    ReadLab,
    /// See tubes whose clock runs out.
    ReadClocks,
    /// Look into flags of laboratories.
    ClearLabFlags,
    /// Live counts, big screen, reports.
    ReadLive,
    /// Trace a tube, a box, a person (masked).
    Trace,
    /// Read the access log.
    Audit,
}

/// Whether `role` may do `action` at all; the area scope is checked besides.
#[must_use]
pub const fn allows(role: Role, action: Action) -> bool {
    use Action as A;
    use Role as R;
    match action {
        A::UseOwnAccount | A::ReadPlan => true,
        A::ManageAccounts => matches!(role, R::Administrator),
        A::ManageRounds => matches!(role, R::Headquarters | R::Administrator),
        A::RecordFieldFacts => matches!(role, R::Registrar | R::SiteLead | R::Courier),
        A::RecordSwabs => matches!(role, R::Registrar | R::SiteLead),
        A::ReadRoster => matches!(role, R::Registrar | R::SiteLead),
        A::ResolveExceptions => matches!(role, R::SiteLead | R::Headquarters),
        A::ReadPersons => matches!(role, R::SiteLead | R::Headquarters | R::GridWorker | R::Administrator),
        A::ManagePersons => matches!(role, R::Administrator | R::Headquarters),
        A::RevealPerson => matches!(role, R::Headquarters | R::GridWorker | R::Auditor),
        A::WorkMissingList => matches!(role, R::GridWorker | R::Headquarters),
        A::CarryBoxes => matches!(role, R::Courier | R::SiteLead),
        A::EnterResults => matches!(role, R::LabEntry),
        A::ReleaseResults => matches!(role, R::LabRelease),
        A::ReadLab => matches!(role, R::LabEntry | R::LabRelease | R::Headquarters),
        A::ReadClocks => matches!(role, R::SiteLead | R::Courier | R::LabEntry | R::LabRelease | R::Headquarters),
        A::ClearLabFlags => matches!(role, R::Headquarters),
        A::ReadLive => matches!(role, R::Headquarters | R::SiteLead | R::Administrator | R::Auditor),
        A::Trace => matches!(role, R::Headquarters | R::Auditor | R::SiteLead),
        A::Audit => matches!(role, R::Auditor | R::Administrator),
    }
}
