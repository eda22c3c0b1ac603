//! Identifiers. Field facts carry an id made on the device (UUIDv7), so a replay is recognised.

use std::{fmt, hash::Hash, marker::PhantomData};

use uuid::Uuid;

/// Marks what an [`Id`] identifies.
pub trait Kind: 'static {
    /// Lower-case word used in logs and error texts.
    const NAME: &'static str;
}

macro_rules! kinds {
    ($($name:ident = $word:literal: $doc:literal),* $(,)?) => {$(
        #[doc = $doc]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {}
        impl Kind for $name { const NAME: &'static str = $word; }
    )*};
}

// Alphabetical and append-only: an id of one kind never becomes another.
kinds! {
    Account = "account": "A person or service that signs in.",
    Change = "change": "One entry of the change feed.",
    Collection = "collection": "One person's swab put into a tube.",
    Command = "command": "One instruction made on a device.",
    Device = "device": "An enrolled phone, PDA or scanner.",
    Exception = "exception": "A fact that could not be applied and waits for a person.",
    FollowUp = "follow-up": "What a non-negative pool opens.",
    Handover = "handover": "Custody passing from one party to another.",
    Import = "import": "One file taken in.",
    Lab = "lab": "A laboratory.",
    Round = "round": "One testing campaign.",
    Run = "run": "One analyser run.",
    Site = "site": "A place of sampling.",
    Task = "task": "Something one worker must do by a time.",
}

/// A UUID that knows what it identifies.
pub struct Id<K: Kind>(Uuid, PhantomData<fn() -> K>);

impl<K: Kind> Id<K> {
    /// Takes an identifier made elsewhere (device, edge); `domain` never makes one.
    #[must_use]
    pub const fn new(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }

    /// The bare UUID, for the store and the wire.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl<K: Kind> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K: Kind> Copy for Id<K> {}
impl<K: Kind> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K: Kind> Eq for Id<K> {}
impl<K: Kind> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K: Kind> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K: Kind> Hash for Id<K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", K::NAME, self.0)
    }
}
impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A person's number: allocated by neighbourhood, so that people who are sampled together are
/// stored together (measured: an index in random order costs eight times a local one).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonNo(pub i64);

/// A household's number: allocated like [`PersonNo`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HouseholdNo(pub i64);
