//! Tells cargo that the binary holds the pages in `docs/codes`: a new page rebuilds it.

fn main() {
    println!("cargo::rerun-if-changed=docs/codes");
}
