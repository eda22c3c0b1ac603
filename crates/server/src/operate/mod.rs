//! What a running server tells and is told by its operator.

pub mod certificate;
