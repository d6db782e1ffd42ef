//! A snapshot read back, what it keeps of a report, and in what two of them differ.

use super::compare::{PRESENCE, compare};
use super::facts::{Datum, Facts};
use super::{Snapshot, kept, lines, table};
use serde_json::{Value, json};

/// A report with every kind of fact.
fn report() -> Value {
    json!({
        "schema": 1, "network": "n", "seed": 0, "precision": "f32", "batch": 4, "synthetic_data": false,
        "verdict": {
            "word": "vanishing", "words": ["vanishing", "dead"], "ratio": 1e-3, "factor_per_layer": null,
            "grounds": [{ "value": 1e-3 }],
            "seeds": [{ "seed": 7, "word": "vanishing", "ratio": 1e-3, "loss": 0.1 }],
        },
        "steps": [{
            "step": 0, "loss": 0.1, "accuracy": null,
            "layers": [layer("dense1", 0.1 + 0.2), layer("dense2", 1e-310)],
            "input": { "l2": "NaN", "zero_fraction": 1.0, "mean": 0.0 },
        }],
        "findings": [
            { "code": "G0001", "level": "warning", "layer": "dense1", "line": 3, "message": "it vanishes", "help": null },
        ],
        "summary": ["It vanishes."],
    })
}

fn layer(name: &str, norm: f64) -> Value {
    json!({
        "name": name, "kind": "dense", "line": 3, "shape": [2, 3], "activation": null, "parameters": 6,
        "gradient": { "l2": norm },
        "weight": {
            "l2": norm, "rms": 1.0, "mean": 1e-9, "zero_fraction": 0.0, "histogram": { "first_decade": -1, "counts": [3] },
        },
        "pre_activation": { "l2": norm, "zero_fraction": 0.5 },
        "forward": { "rms": 1.0, "mean": 0.5 },
        "factor": { "measured": 0.5, "predicted": null, "weights": 2.0, "activation": 0.25 },
        "verdict": "healthy",
    })
}

fn statistics(old: &Value, new: &Value, tolerance: f64) -> Vec<String> {
    compare(&Facts::of(old), &Facts::of(new), tolerance)
        .into_iter()
        .map(|difference| {
            let layer = difference.key.layer.map(|layer| format!("{layer} ")).unwrap_or_default();
            format!("{layer}{}", difference.key.statistic)
        })
        .collect()
}

#[test]
fn what_is_printed_is_read_back_to_the_last_bit() {
    let snapshot =
        Snapshot { text: "n: vanishing\n\nexact numbers:\nnot these\n".to_owned(), numbers: Some(kept(&report())) };
    let printed = snapshot.print();
    assert_eq!(Snapshot::parse(&printed), Ok(snapshot.clone()));
    assert_eq!(Snapshot::parse(&printed.replace('\n', "\r\n")), Ok(snapshot));
    let mistakes = Snapshot { text: "error[E0101]: no\n".to_owned(), numbers: None };
    assert_eq!(Snapshot::parse(&mistakes.print()), Ok(mistakes));
}

#[test]
fn no_line_of_the_numbers_is_wide() {
    let long = json!({ "layers": vec![layer("a_layer_with_a_name", 1.0 / 3.0); 3], "words": vec!["vanishing"; 40] });
    let printed = Snapshot { text: String::new(), numbers: Some(long.clone()) }.print();
    for line in printed.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    assert_eq!(Snapshot::parse(&printed).unwrap().numbers, Some(long));
}

#[test]
fn what_is_no_snapshot_says_why() {
    let whole = Snapshot { text: "t\n".to_owned(), numbers: Some(kept(&report())) }.print();
    for (file, why) in [
        (String::new(), "it does not begin with"),
        ("<<<<<<< mine\n".to_owned() + &whole, "it does not begin with"),
        (whole.replacen("snapshot 1", "snapshot 2", 1), "version 2"),
        (whole.replacen(": report", ": else", 1), "neither `report` nor `mistakes`"),
        (whole.replace("exact numbers:", "exact"), "no line `exact numbers:`"),
        (whole[..whole.len() - 9].to_owned(), "cannot be read"),
    ] {
        let told = Snapshot::parse(&file).unwrap_err();
        assert!(told.contains(why), "{told}");
    }
}

#[test]
fn what_is_kept_is_kept_again() {
    let once = kept(&report());
    assert_eq!(kept(&once), once);
    for left_out in ["line", "message", "summary", "grounds", "histogram", "mean"] {
        assert!(!once.to_string().contains(left_out), "{left_out} in {once}");
    }
    // What is no report at all is left to the reader.
    for odd in [json!([]), json!(3), json!({ "steps": [{}], "verdict": [], "findings": {} })] {
        assert_eq!(Facts::of(&kept(&odd)), Facts::of(&odd));
    }
}

#[test]
fn equal_reports_differ_in_nothing() {
    assert_eq!(statistics(&report(), &report(), 0.0), Vec::<String>::new());
    let mut moved = report();
    moved["steps"][0]["layers"][0]["line"] = json!(99);
    moved["findings"][0]["line"] = json!(99);
    assert_eq!(statistics(&report(), &moved, 0.0), Vec::<String>::new(), "a comment above moves lines");
}

#[test]
fn each_fact_is_compared_by_its_name() {
    type Change = fn(&mut Value);
    let cases: &[(Change, &[&str])] = &[
        (|new| new["network"] = json!("m"), &["network"]),
        (|new| new["verdict"]["word"] = json!("dead"), &["verdict"]),
        (|new| new["verdict"]["words"] = json!(["vanishing"]), &["verdicts"]),
        (|new| new["verdict"]["seeds"][0]["loss"] = json!("inf"), &["loss of seed 7"]),
        (|new| new["verdict"]["seeds"][0]["word"] = json!("healthy"), &["verdict of seed 7"]),
        (|new| new["steps"][0]["input"]["l2"] = json!(1), &["input.l2"]),
        (|new| new["steps"][0]["layers"][1]["weight"]["l2"] = json!(0.0), &["dense2 weight.l2"]),
        (|new| new["steps"][0]["layers"][1]["shape"] = json!([2, 4]), &["dense2 shape"]),
        (|new| new["steps"][0]["layers"][0]["activation"] = json!("relu"), &["dense1 activation"]),
        (|new| new["steps"][0]["layers"][0]["verdict"] = json!("dead"), &["dense1 verdict"]),
        (|new| new["steps"][0]["layers"][1]["name"] = json!("h"), &["h present", "dense2 present"]),
        (|new| new["steps"][0]["step"] = json!(5), &["present", "present"]),
        (
            |new| new["findings"][0]["layer"] = Value::Null,
            &["G0001", "message of G0001", "G0001 at dense1", "message of G0001 at dense1"],
        ),
        (|new| new["findings"][0]["message"] = json!("it does"), &["message of G0001 at dense1"]),
        (|new| new["something_new"] = json!({ "a": [1] }), &["something_new.a.0"]),
    ];
    for (change, expected) in cases {
        let mut new = report();
        change(&mut new);
        assert_eq!(statistics(&report(), &new, 0.0), *expected);
    }
}

#[test]
fn a_tolerance_is_a_share_of_the_larger_number() {
    let with = |tensor: &str, statistic: &str, value: f64| {
        let mut new = report();
        new["steps"][0]["layers"][0][tensor][statistic] = json!(value);
        new
    };
    let norm = 0.1 + 0.2;
    let slightly = with("weight", "l2", norm * 1.0009);
    assert_eq!(statistics(&report(), &slightly, 1e-3), Vec::<String>::new());
    assert_eq!(statistics(&report(), &slightly, 1e-4), ["dense1 weight.l2"]);
    // The mean of 1e-9 is nothing beside entries of size 1, however often it doubles.
    assert_eq!(statistics(&report(), &with("weight", "mean", -4e-9), 1e-6), Vec::<String>::new());
    let mut word = report();
    word["verdict"]["word"] = json!("dead");
    word["summary"] = json!(["In other words."]);
    assert_eq!(statistics(&report(), &word, 1.0), ["verdict"], "words are equal or not");
    let mut other_seed = report();
    other_seed["verdict"]["seeds"][0]["loss"] = json!(0.2);
    assert_eq!(statistics(&report(), &other_seed, 1e-3), Vec::<String>::new(), "one seed repeats the last step");
    let mut lost = report();
    lost["steps"][0]["loss"] = json!("NaN");
    assert_eq!(statistics(&report(), &lost, 1.0), ["loss"]);
    assert_eq!(statistics(&lost, &lost, 0.0), Vec::<String>::new(), "NaN is like NaN");
}

#[test]
fn a_table_has_verdicts_and_layers_before_numbers() {
    let many = |norm: f64| {
        let layers: Vec<Value> = (0..40).map(|index| layer(&format!("dense{index}"), norm)).collect();
        json!({ "verdict": { "word": if norm > 1.0 { "exploding" } else { "healthy" } }, "steps": [{ "step": 0, "layers": layers }] })
    };
    let mut new = many(2.0);
    new["steps"][0]["layers"][39]["name"] = json!("end");
    let differences = compare(&Facts::of(&many(1.0)), &Facts::of(&new), 0.0);
    let drawn = table::render(&differences, "old", "new", 6);
    let expected = "\
layer    what         old        new  ratio
         verdict  healthy  exploding
dense0   ‖∂C/∂W‖        1          2     ×2
dense0   ‖∂C/∂z‖        1          2     ×2
dense1   ‖∂C/∂W‖        1          2     ×2
end      layer          -      added
dense39  layer      there    removed
… and 114 more; `--all` shows them
";
    assert_eq!(drawn, expected);
    assert_eq!(table::render(&differences, "old", "new", usize::MAX).lines().count(), differences.len() + 1);
    assert!(differences.iter().any(|difference| difference.key.statistic == PRESENCE));
}

#[test]
fn a_table_has_the_last_step_before_the_others() {
    let at = |norm: f64| {
        let step = |number: u64| json!({ "step": number, "layers": [layer("a", norm), layer("b", norm)] });
        json!({ "steps": [step(0), step(10), step(500)] })
    };
    let differences = compare(&Facts::of(&at(1.0)), &Facts::of(&at(2.0)), 0.0);
    let drawn = table::render(&differences, "old", "new", 5);
    let expected = "\
step  layer  what     old  new  ratio
   0  a      ‖∂C/∂W‖    1    2     ×2
 500  a      ‖∂C/∂W‖    1    2     ×2
 500  a      ‖∂C/∂z‖    1    2     ×2
 500  b      ‖∂C/∂W‖    1    2     ×2
 500  b      ‖∂C/∂z‖    1    2     ×2
… and 13 more; `--all` shows them
";
    assert_eq!(drawn, expected);
}

#[test]
fn numbers_that_four_digits_do_not_tell_apart_have_all_of_theirs() {
    let at = |loss: f64| json!({ "steps": [{ "step": 0, "loss": loss }] });
    let differences = compare(&Facts::of(&at(0.1)), &Facts::of(&at(0.1 + f64::EPSILON / 16.0)), 0.0);
    assert_eq!(differences[0].old, Some(Datum::Number(0.1)));
    let drawn = table::render(&differences, "old", "new", 9);
    assert_eq!(drawn, "what  old                  new     ratio\nloss  0.1  0.10000000000000002  +2.2e-16\n");
}

#[test]
fn differing_lines_stand_among_their_neighbours() {
    let old: String = (1..=20).fold(String::new(), |text, line| text + &format!("line {line}\n"));
    let new = old.replace("line 3\n", "line three\n").replace("line 18\n", "");
    let drawn = lines::print(&lines::differing(&old, &new), false);
    let expected = "  line 1\n  line 2\n- line 3\n+ line three\n  line 4\n  line 5\n~\n  line 16\n  line 17\n- line 18\n  line 19\n  line 20\n";
    assert_eq!(drawn, expected);
    assert_eq!(lines::differing(&old, &old), []);
}
