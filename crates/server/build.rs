//! The web apps are embedded at compile time: build again when they were built again. The folder is made if missing,
//! since a missing one would count as changed at every build.

fn main() {
    let dist = "../../web/dist";
    if let Err(why) = std::fs::create_dir_all(dist) {
        println!("cargo::warning=cannot make {dist}: {why}");
    }
    println!("cargo::rerun-if-changed={dist}");
}
