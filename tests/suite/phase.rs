//! The plane of (σ_w, σ_b): its lines against the literature, its pictures against their snapshots.

use crate::support::{finish, snapshot};

fn plane(path: &str) -> serde_json::Value {
    let printed = finish(&["phase", "--format", "json", path]).with_status(0);
    serde_json::from_str(&printed.stdout).expect("a plane is JSON")
}

fn number(value: &serde_json::Value) -> f64 {
    value.as_f64().expect("a finite number")
}

#[test]
fn the_critical_line_of_tanh_is_that_of_the_literature() {
    let plane = plane("examples/03_tanh_critical.net");
    let line: Vec<(f64, f64)> = plane["critical"]
        .as_array()
        .expect("a line has points")
        .iter()
        .map(|point| (number(&point[0]), number(&point[1])))
        .collect();
    for (bias, weight) in [(0.05_f64, 1.760_955_f64), (0.1, 1.986_073), (0.3, 2.505_127), (1.0, 3.443_211)] {
        let (bias, weight) = (bias.sqrt(), weight.sqrt());
        let at = line.iter().position(|point| point.1 >= bias).expect("the line goes on");
        let (from, to) = (line[at - 1], line[at]);
        let on_it = from.0 + (bias - from.1) / (to.1 - from.1) * (to.0 - from.0);
        assert!((on_it - weight).abs() < 1e-3, "{on_it} at σ_b = {bias}, not {weight}");
    }
    let place = &plane["places"][0];
    assert!((number(&place["critical_sigma_w"]) - 1.760_955_f64.sqrt()).abs() < 1e-6);
    assert_eq!(place["phase"], "critical");
}

#[test]
fn nielsens_net_is_ordered_and_would_be_critical_at_ten() {
    let place = plane("examples/01_nielsen_digits.net")["places"][0].clone();
    assert_eq!(place["phase"], "ordered");
    assert!((number(&place["chi"]) - 0.041_959_7).abs() < 1e-7);
    assert!((10.0..10.5).contains(&number(&place["critical_sigma_w"])));
}

#[test]
fn what_only_scales_has_an_upright_critical_line() {
    let plane = plane("examples/02_relu_he.net");
    let points = plane["critical"].as_array().expect("a line has points");
    assert!(points.iter().all(|point| (number(&point[0]) - 2.0_f64.sqrt()).abs() < 1e-12));
}

#[test]
fn the_plane_is_drawn_as_its_snapshot_has_it() {
    for name in ["01_nielsen_digits", "02_relu_he", "03_tanh_critical"] {
        let path = format!("examples/{name}.net");
        let text = finish(&["phase", &path]).with_status(0).stdout;
        assert!(text.is_ascii() && text.lines().all(|line| line.len() <= 100), "{text}");
        snapshot(name, "8-phase", &text);
    }
    let changed =
        finish(&["phase", "examples/02_relu_he.net", "--layer", "dense2", "--set", "width=20"]).with_status(0);
    assert!(changed.stdout.contains("sigma_w = 1.414"), "{}", changed.stdout);
}

#[test]
fn a_layer_that_is_not_there_is_told() {
    let printed = finish(&["phase", "examples/02_relu_he.net", "--layer", "dence2"]).with_status(2);
    assert!(printed.stderr.contains("`dense2`"), "{}", printed.stderr);
    let printed = finish(&["phase", "examples/02_relu_he.net", "--layer", "dense5"]).with_status(2);
    assert!(printed.stderr.contains("no layer with weights that an elementwise activation follows"));
}
