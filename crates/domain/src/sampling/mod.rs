//! Sampling: round, site, collection, tube, box, hand-over.
