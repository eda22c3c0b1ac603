//! The configuration as a file with comments: what `allclear config print` gives, and the golden file
//! `contract/allclear.toml`.

use std::fmt::Write;

use super::SECTIONS;

/// Every section and key, with its default or an example.
#[must_use]
pub fn defaults() -> String {
    let mut out = "# Allclear, every key with its default. Environment wins over this file, flags over both; a key that is not\n\
                   # listed here is refused. Where a value stands behind #, there is no default and it is an example.\n"
        .to_owned();
    for (section, what, keys) in SECTIONS {
        let _ = write!(out, "\n# {what}\n[{section}]\n");
        for key in keys {
            let off = if key.is_default { "" } else { "# " };
            let _ = write!(out, "# {} ({})\n{off}{} = {}\n", key.what, key.env, key.name, key.value);
        }
    }
    out
}
