//! The result as JUnit's XML: a test case for every file. What differs is a failure; what could not be run is an error. No time:
//! equal results are equal bytes. The only file that names quick-junit.

use super::Results;
use super::hold::{Outcome, Tested};
use super::keep::Kept;
use super::show::{self, Word};
use crate::diagnostics::render::render as draw;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

/// The whole, with a newline at the end.
pub(super) fn render(results: &Results) -> String {
    let mut suite = TestSuite::new("gradc test");
    for (tested, kept) in &results.files {
        suite.add_test_case(case(tested, *kept, results));
    }
    for (path, kept) in &results.stale {
        let failed = show::stale_word(*kept) == Word::Stale;
        let status = if failed {
            non_success(NonSuccessKind::Failure, "stale", &show::stale_reason(path), "")
        } else {
            TestCaseStatus::success()
        };
        suite.add_test_case(named(&path.display().to_string(), status));
    }
    let mut report = Report::new("gradc");
    report.add_test_suite(suite);
    report.to_string().expect("XML into memory does not fail")
}

fn case(tested: &Tested, kept: Kept, results: &Results) -> TestCase {
    let status = match show::word(tested, kept, results.strict) {
        Word::Failed => {
            let kind = match tested.outcome {
                Outcome::Report { .. } => NonSuccessKind::Failure,
                Outcome::Mistakes(_) | Outcome::Nothing(_) | Outcome::Unreadable(_) => NonSuccessKind::Error,
            };
            let what = match tested.outcome {
                Outcome::Report { .. } if tested.failed_expectations() > 0 => "expect",
                Outcome::Report { .. } => "snapshot",
                Outcome::Mistakes(_) => "mistakes",
                Outcome::Nothing(_) | Outcome::Unreadable(_) => "not run",
            };
            let drawn: Vec<String> = tested.told.iter().map(|told| draw(told, &tested.sources, false)).collect();
            let differing = show::differing(tested, results.most_rows, false);
            let body: Vec<String> = std::iter::once(differing).chain(drawn).filter(|part| !part.is_empty()).collect();
            non_success(kind, what, &show::reasons(tested, kept).join("; "), &body.join("\n"))
        }
        Word::Ok | Word::New | Word::Stale | Word::Accepted | Word::Removed => TestCaseStatus::success(),
    };
    named(&tested.name, status)
}

fn non_success(kind: NonSuccessKind, what: &str, message: &str, body: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(what).set_message(message);
    if !body.is_empty() {
        status.set_description(body);
    }
    status
}

/// A case with its folder as its class.
fn named(path: &str, status: TestCaseStatus) -> TestCase {
    let (folder, name) = path.rsplit_once('/').unwrap_or((".", path));
    let mut case = TestCase::new(name, status);
    case.set_classname(folder);
    case
}
