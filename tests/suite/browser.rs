//! How pages and pictures look in a real browser: light and dark, on a desk and on a phone. A script in a copy of each page looks for
//! letters that overlap, leave their picture or the page, or hardly differ from their ground, and for elements that hold nothing;
//! screenshots are left in the build folder for people. Where no Chromium is installed the tests say so and pass.

use crate::pictures::{HOSTILE, made, stack};
use crate::support::finish;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What the script looks for.
const INSPECTOR: &str = include_str!("inspect.js");
const PHONE: u32 = 360;
const DESK: u32 = 1000;

/// The first Chromium that is installed.
fn browser() -> Option<PathBuf> {
    const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    let found =
        NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|path| path.is_file());
    if found.is_none() {
        eprintln!("skipped: no Chromium is installed, so nobody looked at the pages");
    }
    found
}

/// Runs the browser on a file, without a network and with a profile of its own.
fn browse(browser: &Path, dark: bool, arguments: &[String], page: &Path) -> Output {
    let profile = tempfile::tempdir().expect("a folder can be made");
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--virtual-time-budget=20000", "--allow-file-access-from-files"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--blink-settings=preferredColorScheme={}", u8::from(!dark)))
        .args(arguments)
        .arg(format!("file://{}", page.display()))
        .stdin(Stdio::null())
        .output();
    output.expect("the browser starts")
}

/// What is looked at.
struct Subject {
    name: &'static str,
    /// The page, or a page that holds the picture.
    page: String,
}

/// What one frame told.
#[derive(Debug, serde::Deserialize)]
struct Inspection {
    name: String,
    width: u32,
    dark: bool,
    texts: usize,
    found: Vec<String>,
}

fn page(name: &'static str, path: &str) -> Subject {
    Subject { name, page: finish(&["run", "--format", "html", path]).with_status(0).stdout }
}

/// A page whose run may fail its expectations.
fn page_of(name: &'static str, text: &str) -> Subject {
    Subject { name, page: made("html", text).stdout }
}

/// A picture as a README shows it.
fn picture_of(name: &'static str, text: &str) -> Subject {
    let picture = made("svg", text).stdout;
    Subject { name, page: format!("<!DOCTYPE html><body style=\"margin:0;width:880px\">{picture}</body></html>\n") }
}

fn subjects() -> Vec<Subject> {
    let infinite = stack(6, "  weights: constant(1e9)").replace("tanh", "relu");
    vec![
        page("01", "examples/01_nielsen_digits.net"),
        page("04", "examples/04_deep_relu_pytorch.net"),
        page("05", "examples/05_residual.net"),
        page("07", "examples/07_exploding.net"),
        page("10", "examples/10_plateau.net"),
        page_of("layers-100", &format!("{}report {{ seeds: 0..3 }}\n", stack(100, ""))),
        page_of("hostile", HOSTILE),
        page_of("zero", &stack(3, "  weights: zeros")),
        page_of("infinite", &infinite),
    ]
}

/// A page that shows others in frames of given widths and keeps what they tell.
fn frames(folder: &Path, subjects: &[Subject], widths: &[u32]) -> PathBuf {
    let mut text = String::from(
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\"></head><body><pre id=\"told\"></pre><script>\nconst all = [];\n",
    );
    text.push_str(
        "onmessage = (message) => { all.push(message.data); told.textContent = JSON.stringify(all); };\n</script>\n",
    );
    for subject in subjects {
        let file = folder.join(format!("{}.html", subject.name));
        // Only the copy that is looked at may run a script.
        let page = subject.page.replace("default-src 'none'; style-src 'unsafe-inline'", "");
        let page = page.replacen("</body>", &format!("<script>{INSPECTOR}</script></body>"), 1);
        std::fs::write(&file, page).expect("a file can be written");
        for width in widths {
            let name = format!("{}-{width}", subject.name);
            text.push_str(&format!(
                "<iframe name=\"{name}\" src=\"{}.html\" style=\"width:{width}px;height:900px;border:0\"></iframe>\n",
                subject.name
            ));
        }
    }
    text.push_str("</body></html>\n");
    let file = folder.join("frames.html");
    std::fs::write(&file, text).expect("a file can be written");
    file
}

/// Looks at every subject at every width.
#[track_caller]
fn inspect(browser: &Path, subjects: &[Subject], widths: &[u32], dark: bool) -> Vec<Inspection> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let page = frames(folder.path(), subjects, widths);
    let output = browse(browser, dark, &["--dump-dom".to_owned(), "--window-size=1400,1000".to_owned()], &page);
    let dom = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = dom.split_once("<pre id=\"told\">").and_then(|(_, rest)| Some(rest.split_once("</pre>")?.0));
    let told = told.unwrap_or_else(|| panic!("the browser gave no page: {}", String::from_utf8_lossy(&output.stderr)));
    let json = told.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", "\u{a0}").replace("&amp;", "&");
    let inspections: Vec<Inspection> = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
    assert_eq!(inspections.len(), subjects.len() * widths.len(), "every frame tells");
    for inspection in &inspections {
        assert_eq!(inspection.dark, dark, "{}", inspection.name);
        assert!(inspection.name.ends_with(&format!("-{}", inspection.width)), "{inspection:?}");
        assert!(inspection.texts > 10, "{inspection:?}");
    }
    inspections
}

#[track_caller]
fn assert_sound(inspections: &[Inspection]) {
    let wrong: Vec<String> = inspections
        .iter()
        .flat_map(|inspection| {
            inspection
                .found
                .iter()
                .map(|found| format!("{}{}: {found}", inspection.name, if inspection.dark { ", dark" } else { "" }))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pages_look_right_light_and_dark_on_a_desk_and_on_a_phone() {
    let Some(browser) = browser() else { return };
    let subjects = subjects();
    for dark in [false, true] {
        assert_sound(&inspect(&browser, &subjects, &[PHONE, DESK], dark));
    }
}

#[test]
fn pictures_look_right_for_few_layers_and_for_hundreds() {
    let Some(browser) = browser() else { return };
    let long = HOSTILE.replace("dense(1)\n", "repeat 12 { another_rather_long_label = dense(2, tanh) }\n  dense(1)\n");
    let subjects = [
        picture_of("layers-3", &stack(2, "")),
        picture_of("layers-5", &format!("{}report {{ seeds: 0..4 }}\n", stack(4, ""))),
        picture_of("layers-50", &stack(49, "")),
        picture_of("layers-200", &stack(199, "")),
        picture_of("long-names", &long),
    ];
    for dark in [false, true] {
        assert_sound(&inspect(&browser, &subjects, &[DESK], dark));
    }
}

#[test]
fn screenshots_are_taken() {
    let Some(browser) = browser() else { return };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    std::fs::create_dir_all(&folder).expect("the build folder can be written");
    for subject in subjects().iter().filter(|subject| ["01", "04", "layers-100"].contains(&subject.name)) {
        let mut pictures = Vec::new();
        for (theme, dark, width) in [("light", false, DESK), ("dark", true, DESK), ("phone", false, PHONE)] {
            let file = folder.join(format!("{}.html", subject.name));
            std::fs::write(&file, &subject.page).expect("a file can be written");
            // The window cannot be as narrow as a phone; a frame can.
            let frame = folder.join(format!("{}-{theme}-frame.html", subject.name));
            let source = format!(
                "<!DOCTYPE html><body style=\"margin:0\"><iframe src=\"{}.html\" style=\"width:{width}px;height:2600px;border:0\"></iframe>",
                subject.name
            );
            std::fs::write(&frame, source).expect("a file can be written");
            let picture = folder.join(format!("{}-{theme}.png", subject.name));
            let arguments = [format!("--screenshot={}", picture.display()), format!("--window-size={width},2600")];
            let output = browse(&browser, dark, &arguments, &frame);
            std::fs::remove_file(&frame).expect("it was just written");
            let bytes = std::fs::read(&picture)
                .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
            assert!(bytes.len() > 20_000, "{} is empty", picture.display());
            pictures.push(bytes);
        }
        assert!(pictures[0] != pictures[1], "{}: light and dark look the same", subject.name);
    }
}

#[test]
fn the_script_finds_what_it_must() {
    let Some(browser) = browser() else { return };
    let text = "<p>one line of words</p>".repeat(11);
    let chart = |inner: &str| {
        format!(
            "<svg width=\"300\" height=\"200\" viewBox=\"0 0 300 200\"><path class=\"line\" d=\"M0 0H9\"/>{inner}</svg>"
        )
    };
    let broken = [
        ("overflow", "<div style=\"width:2000px\">too wide</div>".to_owned()),
        ("overlap", "<p>above</p><p style=\"position:relative;top:-30px\">below</p>".to_owned()),
        ("overlap", chart("<text x=\"9\" y=\"50\">first</text><text x=\"20\" y=\"52\">second</text>")),
        ("outside its picture", chart("<text x=\"280\" y=\"50\">beyond the edge</text>")),
        ("empty", "<section></section>".to_owned()),
        ("empty", "<svg width=\"300\" height=\"200\"></svg>".to_owned()),
        ("contrast", "<p style=\"color:#bbb\">pale words</p>".to_owned()),
    ];
    for (what, body) in broken {
        let page =
            format!("<!DOCTYPE html><html><body style=\"background:#fff;color:#000\">{text}{body}</body></html>");
        let found = &inspect(&browser, &[Subject { name: "broken", page }], &[DESK], false)[0].found;
        assert!(found.iter().any(|found| found.starts_with(what)), "{what}: {found:?}");
    }
    let page = format!("<!DOCTYPE html><html><body style=\"background:#fff;color:#000\">{text}</body></html>");
    assert_sound(&inspect(&browser, &[Subject { name: "sound", page }], &[DESK], false));
}
