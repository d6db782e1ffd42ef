//! Each change shown and asked about, key by key.

use super::hold::{Held, Tested};
use super::keep::{self, Kept};
use super::{Failure, Results, Talk, output, show};
use crate::cli::output::reason;
use console::{Key, Term};
use std::io::IsTerminal as _;

/// What is asked.
const QUESTION: &str = "\u{1b}[1ma\u{1b}[0m accept  \u{1b}[1ms\u{1b}[0m skip  \u{1b}[1mq\u{1b}[0m quit: ";

/// A person must be there.
pub(super) fn require_terminal() -> Result<(), Failure> {
    if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        return Ok(());
    }
    Err(Failure::wrong("`--review` asks on a terminal, and there is none")
        .help("`--accept` keeps every report, `--accept-new` those of files without a snapshot"))
}

/// The next key of the person; nobody is there any more where it fails.
pub(super) fn key_of_terminal() -> Result<char, Failure> {
    match Term::stderr().read_key() {
        Ok(Key::Char(character)) => Ok(character),
        Ok(Key::Enter | Key::CtrlC | Key::Escape) => Ok('q'),
        Ok(_) => Ok('\0'),
        Err(error) => Err(Failure::not_done(format!("cannot read a key: {}", reason(&error)))),
    }
}

/// The answer to one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Accept,
    Skip,
    Quit,
}

/// Asks about every file that could be accepted and every stale snapshot, until all are through or it is enough.
pub(super) fn ask(
    results: &mut Results,
    talk: &Talk,
    key: &mut dyn FnMut() -> Result<char, Failure>,
) -> Result<(), Failure> {
    let open = results.files.iter().filter(|(tested, _)| tested.is_acceptable(true)).count() + results.stale.len();
    let mut asked = 0;
    let most_rows = results.most_rows;
    for (tested, kept) in &mut results.files {
        if !tested.is_acceptable(true) {
            show::draw(tested, *kept, talk);
            continue;
        }
        asked += 1;
        output::write_coloured(&shown(tested, most_rows), talk.wish(), None)?;
        show::draw(tested, *kept, talk);
        match answer(&format!("\n({asked} of {open}) {}: ", tested.name), talk, key)? {
            Answer::Accept => *kept = keep::write(tested)?,
            Answer::Skip => {}
            Answer::Quit => return Ok(()),
        }
    }
    for (path, kept) in &mut results.stale {
        asked += 1;
        let question =
            format!("\n({asked} of {open}) {} is stale: {}; remove it: ", path.display(), show::stale_reason(path));
        match answer(&question, talk, key)? {
            Answer::Accept => *kept = keep::delete(path)?,
            Answer::Skip => {}
            Answer::Quit => return Ok(()),
        }
    }
    Ok(())
}

/// What differs; of a file without a snapshot all it gives.
fn shown(tested: &Tested, most_rows: usize) -> String {
    if matches!(tested.held, Held::Changed { .. }) {
        return show::details(tested, Kept::AsItWas, most_rows);
    }
    let now = tested.now().expect("only what a snapshot can hold is asked about");
    format!("\n\u{1b}[1m{}\u{1b}[0m\n{}", tested.name, now.text)
}

/// Asks until a key means something.
fn answer(question: &str, talk: &Talk, key: &mut dyn FnMut() -> Result<char, Failure>) -> Result<Answer, Failure> {
    talk.say(&format!("{question}{QUESTION}"));
    loop {
        let (answer, word) = match key()?.to_ascii_lowercase() {
            'a' => (Answer::Accept, "accepted"),
            's' => (Answer::Skip, "skipped"),
            'q' => (Answer::Quit, "quit"),
            _ => continue,
        };
        talk.say(&format!("{word}\n"));
        return Ok(answer);
    }
}

#[cfg(test)]
mod tests {
    use super::super::hold::{self, Means};
    use super::super::{Kept, Results, Talk};
    use super::ask;
    use crate::cli::args::ColorChoice;
    use crate::pipeline::Options;
    use std::path::Path;
    use std::sync::RwLock;

    const NET: &str = "network n {\n  input(2)\n  dense(3, tanh)\n  dense(1)\n  loss: mse\n}\n";

    /// Two files without a snapshot, and a snapshot without a file.
    fn results(folder: &Path) -> Results {
        let means = Means {
            options: Options::default(),
            memory_limit: u64::MAX,
            tolerance: 0.0,
            suggest: false,
            memory: RwLock::new(()),
        };
        let file = |name: &str| {
            std::fs::write(folder.join(name), NET).unwrap();
            (hold::test(&folder.join(name), false, &means), Kept::AsItWas)
        };
        let stale = folder.join("gone.net.snap");
        std::fs::write(&stale, "").unwrap();
        Results {
            files: vec![file("a.net"), file("b.net")],
            stale: vec![(stale, Kept::AsItWas)],
            strict: false,
            most_rows: 9,
        }
    }

    /// Which of the three snapshots there are after these keys.
    fn after(keys: &str) -> [bool; 3] {
        let folder = tempfile::tempdir().unwrap();
        let mut results = results(folder.path());
        let mut keys = keys.chars();
        let mut key = || Ok(keys.next().expect("no more is asked than is answered"));
        ask(&mut results, &Talk::new(ColorChoice::Never), &mut key).unwrap();
        assert_eq!(keys.next(), None, "every key was asked for");
        ["a.net.snap", "b.net.snap", "gone.net.snap"].map(|name| folder.path().join(name).exists())
    }

    #[test]
    fn each_key_does_what_it_says() {
        assert_eq!(after("aaa"), [true, true, false]);
        assert_eq!(after("sss"), [false, false, true]);
        assert_eq!(after("x?Asq"), [true, false, true], "what means nothing is asked again");
        assert_eq!(after("q"), [false, false, true]);
    }
}
