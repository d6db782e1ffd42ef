//! Sources, sound and hostile, from the file to the examples of a run.

use super::*;
use crate::model::{Activation, SourceKind, TargetKind};
use crate::run::data::testing::{Folder, activation, at, checked, idx, model, span, with_loss};
use crate::scalar::{Function, Unary};

const NO_LIMIT: u64 = u64::MAX;

/// A `data` block with nothing but a source.
fn block(kind: SourceKind) -> Data {
    Data {
        source: Source { kind, span: span() },
        test: None,
        take: None,
        skip: 0,
        batch: None,
        shuffle: false,
        scale: None,
        normalize: false,
        one_hot: None,
        split: None,
        seed: 0,
        span: span(),
    }
}

fn with_data(input: &[usize], output: &[usize], target: TargetKind, data: Data) -> Model {
    let mut model = with_loss(model(input, output), target);
    model.data = Some(data);
    model
}

fn numbers(tensor: &Tensor) -> Vec<f64> {
    (0..tensor.len()).map(|index| tensor.get(index)).collect()
}

fn loaded(model: &Model) -> Dataset {
    load(model, Path::new(""), NO_LIMIT).unwrap()
}

fn generated(kind: SourceKind, input: &[usize], output: &[usize], target: TargetKind) -> (Vec<f64>, Vec<f64>) {
    let dataset = loaded(&with_data(input, output, target, block(kind)));
    (numbers(&dataset.inputs), numbers(&dataset.targets))
}

fn images() -> (Folder, SourceKind) {
    let folder = Folder::with(&[
        ("x", &idx(0x08, &[5, 2], &(0..10).collect::<Vec<_>>())),
        ("y", &idx(0x08, &[5], &[0, 1, 2, 1, 0])),
    ]);
    (folder, SourceKind::Idx { images: at("x"), labels: at("y") })
}

#[test]
fn skip_take_batch_and_scale() {
    let (folder, kind) = images();
    let data = Data { skip: 1, take: Some(3), batch: Some(2), scale: Some(0.5), ..block(kind) };
    let model = with_data(&[2], &[3], TargetKind::Classes, data);
    let shape = inspect(&model, folder.path()).unwrap();
    assert_eq!((shape.examples, shape.batch, shape.example), (3, 2, Shape::new([2])));
    let dataset = load(&model, folder.path(), NO_LIMIT).unwrap();
    assert_eq!((dataset.examples, dataset.batch, dataset.synthetic), (3, 2, false));
    assert_eq!(numbers(&dataset.inputs), [1.0, 1.5, 2.0, 2.5], "the second batch is not read");
    assert_eq!(numbers(&dataset.targets), [1.0, 2.0]);
    assert_eq!(dataset.first_batch(9, 0), [0, 1]);
}

#[test]
fn targets_are_one_hot_for_elementwise_losses() {
    let (folder, kind) = images();
    let model = with_data(&[1, 2], &[3], TargetKind::Values, Data { take: Some(2), ..block(kind) });
    let dataset = load(&model, folder.path(), NO_LIMIT).unwrap();
    assert_eq!(dataset.inputs.shape(), Shape::new([2, 1, 2]));
    assert_eq!(numbers(&dataset.targets), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
}

#[test]
fn a_label_out_of_range_is_found_with_its_example() {
    let (folder, kind) = images();
    let model = with_data(&[2], &[2], TargetKind::Classes, Data { skip: 1, ..block(kind) });
    let mistakes = load(&model, folder.path(), NO_LIMIT).unwrap_err();
    assert_eq!(mistakes[0].code.0, "E0604");
    assert!(mistakes[0].message.contains("example 2 is class 2"), "{}", mistakes[0].message);
}

#[test]
fn more_examples_than_there_are() {
    let (folder, kind) = images();
    for (skip, take) in [(0, Some(6)), (3, Some(3)), (5, None), (usize::MAX, Some(1))] {
        let model = with_data(&[2], &[3], TargetKind::Classes, Data { skip, take, ..block(kind.clone()) });
        assert_eq!(inspect(&model, folder.path()).unwrap_err()[0].code.0, "E0608", "{skip} {take:?}");
    }
}

#[test]
fn both_sources_are_inspected() {
    let (folder, kind) = images();
    let missing = Source { kind: SourceKind::Npy { x: at("nowhere.npy"), y: at("y") }, span: span() };
    let model = with_data(&[4], &[3], TargetKind::Classes, Data { test: Some(missing), ..block(kind) });
    let codes: Vec<_> = inspect(&model, folder.path()).unwrap_err().iter().map(|mistake| mistake.code.0).collect();
    // Of the second source: one file is missing, the other is no npy file.
    assert_eq!(codes, ["E0440", "E0601", "E0602"]);
}

#[test]
fn the_limit_holds_before_anything_is_read() {
    let data = Data { take: Some(1 << 40), ..block(SourceKind::Sine) };
    let model = with_data(&[1], &[1], TargetKind::Values, data);
    let mistakes = load(&model, Path::new(""), 1 << 30).unwrap_err();
    assert_eq!(mistakes[0].code.0, "E0605");
    assert!(mistakes[0].message.contains("24.0 TiB"), "{}", mistakes[0].message);
    let bits = with_data(&[64], &[1], TargetKind::Values, block(SourceKind::Parity { bits: 64 }));
    assert_eq!(inspect(&bits, Path::new("")).unwrap_err()[0].code.0, "E0605");
}

#[test]
fn split_and_shuffle_draw_from_different_seeds() {
    let data = Data { take: Some(40), split: Some(0.75), shuffle: true, batch: Some(10), ..block(SourceKind::Sine) };
    let model = with_data(&[1], &[1], TargetKind::Values, data.clone());
    let dataset = loaded(&model);
    assert_eq!((dataset.examples, dataset.inputs.len()), (30, 30));
    let whole =
        numbers(&loaded(&with_data(&[1], &[1], TargetKind::Values, Data { split: None, ..data.clone() })).inputs);
    let part = numbers(&dataset.inputs);
    let places: Vec<_> = part.iter().map(|x| whole.iter().position(|y| x == y).unwrap()).collect();
    assert!(places.is_sorted() && places != (0..30).collect::<Vec<_>>(), "{places:?}");
    let other = numbers(&loaded(&with_data(&[1], &[1], TargetKind::Values, Data { seed: 1, ..data })).inputs);
    assert_ne!(part, other);
    let [first, second] = [dataset.first_batch(0, 0), dataset.first_batch(1, 0)];
    assert!(first.len() == 10 && first != second && first != dataset.first_batch(0, 1));
}

#[test]
fn normalised_inputs_have_unit_variance_in_the_training_part() {
    let data = Data { normalize: true, split: Some(0.5), scale: Some(1e3), ..block(SourceKind::Moons { noise: 0.1 }) };
    let inputs = numbers(&loaded(&with_data(&[2], &[1], TargetKind::Values, data)).inputs);
    for column in 0..2 {
        let square: f64 = inputs.iter().skip(column).step_by(2).map(|x| x * x).sum();
        assert!((square / 128.0 - 1.0).abs() < 1e-12);
    }
}

#[test]
fn without_data_examples_are_made_up() {
    let dataset = loaded(&with_loss(model(&[3], &[4]), TargetKind::Classes));
    assert!(dataset.synthetic && dataset.batch == 256);
    let labels = numbers(&dataset.targets);
    assert!((0..4).all(|class| labels.contains(&f64::from(class))) && labels.iter().all(|label| *label < 4.0));
    let signs = numbers(&loaded(&with_loss(model(&[3], &[1]), TargetKind::Signs)).targets);
    assert!(signs.contains(&-1.0) && signs.contains(&1.0));
    let rows = numbers(&loaded(&with_loss(model(&[3], &[3]), TargetKind::Values)).targets);
    assert!(rows.chunks(3).all(|row| row.iter().sum::<f64>() == 1.0));
}

#[test]
fn examples_do_not_depend_on_what_is_skipped() {
    let gaussian = || block(SourceKind::Gaussian { features: 3, classes: 2 });
    let whole = loaded(&with_data(&[3], &[2], TargetKind::Classes, Data { take: Some(8), ..gaussian() }));
    let rest = loaded(&with_data(&[3], &[2], TargetKind::Classes, Data { skip: 5, take: Some(3), ..gaussian() }));
    assert_eq!(numbers(&whole.inputs)[15..], numbers(&rest.inputs));
    assert_eq!(numbers(&whole.targets)[5..], numbers(&rest.targets));
}

#[test]
fn gaussian_classes_are_their_means_plus_unit_noise() {
    let data = Data { take: Some(30_000), ..block(SourceKind::Gaussian { features: 2, classes: 3 }) };
    let dataset = loaded(&with_data(&[2], &[3], TargetKind::Classes, data));
    let (x, t) = (numbers(&dataset.inputs), numbers(&dataset.targets));
    assert_eq!(t[..4], [0.0, 1.0, 2.0, 0.0]);
    let class: Vec<f64> = x.chunks(2).zip(&t).filter(|(_, label)| **label == 1.0).map(|(row, _)| row[0]).collect();
    let mean = class.iter().sum::<f64>() / 1e4;
    let variance = class.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 1e4;
    assert!((variance - 1.0).abs() < 0.07, "{variance}");
}

#[test]
fn moons_and_spirals_lie_on_their_curves() {
    let (x, t) = generated(SourceKind::Moons { noise: 0.0 }, &[2], &[2], TargetKind::Classes);
    for (row, label) in x.chunks(2).zip(&t) {
        let (dx, dy) = if *label == 0.0 { (row[0], row[1]) } else { (1.0 - row[0], 0.5 - row[1]) };
        assert!((dx * dx + dy * dy - 1.0).abs() < 1e-14 && dy >= -1e-15);
    }
    let (x, t) = generated(SourceKind::Spirals { classes: 3, noise: 0.0 }, &[2], &[3], TargetKind::Classes);
    for (row, label) in x.chunks(2).zip(&t) {
        let r = (row[0] * row[0] + row[1] * row[1]).sqrt();
        let turn = libm::atan2(row[1], row[0]) / std::f64::consts::TAU - label / 3.0 - r;
        assert!((turn - turn.round()).abs() < 1e-9);
    }
}

#[test]
fn xor_is_parity_of_two_bits() {
    let (x, t) = generated(SourceKind::Xor, &[2], &[1], TargetKind::Values);
    assert_eq!(x, [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
    assert_eq!(t, [0.0, 1.0, 1.0, 0.0]);
    let (x, t) = generated(SourceKind::Parity { bits: 5 }, &[5], &[1], TargetKind::Signs);
    assert_eq!(x.len(), 160);
    assert!(x.chunks(5).zip(&t).all(|(bits, sign)| (bits.iter().sum::<f64>() % 2.0) * 2.0 - 1.0 == *sign));
    let many = Data { take: Some(6), ..block(SourceKind::Xor) };
    assert_eq!(
        numbers(&loaded(&with_data(&[2], &[1], TargetKind::Values, many)).targets),
        [0.0, 1.0, 1.0, 0.0, 0.0, 1.0]
    );
}

#[test]
fn a_sine_is_a_sine() {
    let (x, t) = generated(SourceKind::Sine, &[1], &[1], TargetKind::Values);
    assert!(x.iter().zip(&t).all(|(x, t)| x.abs() <= std::f64::consts::PI && (libm::sin(*x) - t).abs() < 1e-15));
    assert!(x.iter().any(|x| *x > 3.0) && x.iter().any(|x| *x < -3.0));
}

#[test]
fn adding_marks_one_number_in_each_half() {
    for time in [2, 7] {
        let (x, t) = generated(SourceKind::Adding { time }, &[time, 2], &[1], TargetKind::Values);
        for (steps, target) in x.chunks(2 * time).zip(&t) {
            let marked: Vec<usize> = (0..time).filter(|step| steps[2 * step + 1] == 1.0).collect();
            assert!(marked.len() == 2 && marked[0] < time / 2 && marked[1] >= time / 2, "{marked:?}");
            assert_eq!(*target, steps[2 * marked[0]] + steps[2 * marked[1]]);
        }
    }
}

#[test]
fn copy_recalls_its_symbols_after_the_signal() {
    let kind = || SourceKind::Copy { time: 3, delay: 4 };
    let (x, t) = generated(kind(), &[10], &[10, 9], TargetKind::Classes);
    for (x, t) in x.chunks(10).zip(t.chunks(10)) {
        assert!(x[..3].iter().all(|symbol| (1.0..=8.0).contains(symbol)));
        assert_eq!(x[3..], [0.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0]);
        assert_eq!((&t[..7], &t[7..]), (&[0.0; 7][..], &x[..3]));
    }
    let (one_hot, _) = generated(kind(), &[10, 10], &[10, 10], TargetKind::Classes);
    let symbols: Vec<f64> = one_hot.chunks(10).map(|row| row.iter().position(|x| *x == 1.0).unwrap() as f64).collect();
    assert_eq!(symbols, x);
}

#[test]
fn a_teacher_without_nonlinearity_is_linear() {
    let linear = activation(Function::identity());
    let bent = activation(Function::unary(Unary::HyperbolicTangent));
    let teacher = |activation: &Activation, widths: &[usize]| {
        let kind = SourceKind::Teacher { widths: widths.to_vec(), activation: activation.clone() };
        generated(kind, &[2], &[1], TargetKind::Values)
    };
    let (x, t) = teacher(&linear, &[2, 3, 1]);
    let (x2, t2) = teacher(&bent, &[2, 3, 1]);
    assert_eq!(x, x2);
    // The weights of the linear map from two examples hold for all others.
    let det = x[0] * x[3] - x[1] * x[2];
    let (a, b) = ((t[0] * x[3] - t[1] * x[1]) / det, (t[1] * x[0] - t[0] * x[2]) / det);
    let off = |t: &[f64]| x.chunks(2).zip(t).map(|(x, t)| (a * x[0] + b * x[1] - t).abs()).fold(0.0, f64::max);
    assert!(off(&t) < 1e-12 && off(&t2) > 0.01);
}

#[test]
fn held_out_classes_have_the_numbers_that_they_were_trained_with() {
    let table = |names: &[&str]| {
        let rows = names.iter().enumerate().map(|(row, name)| format!("{row},{name}\n"));
        format!("x,kind\n{}", rows.collect::<String>()).into_bytes()
    };
    let model = checked(
        "data { source: csv(\"train.csv\"); test: csv(\"test.csv\") }\n\
         network n {\n input(1)\n dense(3)\n loss: cross_entropy\n}\n\
         train { optimizer: sgd(rate: 0.1); steps: 1 }\n",
    );
    let folder =
        |test: &[&str]| Folder::with(&[("train.csv", &table(&["rose", "iris", "lily"])), ("test.csv", &table(test))]);
    let known = folder(&["rose", "lily", "rose"]);
    let held_out = load(&model, known.path(), NO_LIMIT).unwrap().test.unwrap();
    assert_eq!(numbers(&held_out.targets), [2.0, 1.0, 2.0]);
    for (test, message) in [
        (["rose", "oak", "iris"], "the class `oak` is not among those trained on"),
        (["0", "1", "2"], "these data have numbers of classes, those trained on names"),
    ] {
        let mistakes = inspect(&model, folder(&test).path()).unwrap_err();
        assert_eq!((mistakes[0].code.0, mistakes[0].message.as_str()), ("E0604", message));
    }
}
