//! The prelude against PyTorch's numbers in f64: every loss, every activation, a network of every kind of layer; through the
//! graph and its own evaluation, the simplest that there is.

use super::{Model, Options, build, check, prelude};
use crate::arena::IdVec;
use crate::graph::{Graph, Leaf, NodeId, differentiate, evaluate};
use crate::source::{Source, Sources};
use crate::syntax;
use safetensors::{Dtype, SafeTensors};

const LOSSES: &[u8] = include_bytes!("../../tests/conformance/losses.safetensors");
const ACTIVATIONS: &[u8] = include_bytes!("../../tests/conformance/activations.safetensors");
const DENSE_BLOCKS: &[u8] = include_bytes!("../../tests/conformance/dense_blocks.safetensors");

fn model(text: &str) -> Model {
    let mut sources = Sources::new();
    let prelude = prelude(&mut sources);
    let id = sources.add(Source::new("test.net", text));
    let parsed = syntax::parse(&sources, id);
    assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
    let checked = check(&mut sources, &prelude, &parsed.file, &Options::default());
    checked.model.unwrap_or_else(|| panic!("{:?}", checked.diagnostics))
}

/// A tensor of a file, as f64.
fn tensor(file: &[u8], name: &str) -> Vec<f64> {
    let file = SafeTensors::deserialize(file).unwrap();
    let view = file.tensor(name).unwrap();
    let bytes = view.data().chunks_exact(8).map(|bytes| <[u8; 8]>::try_from(bytes).unwrap());
    match view.dtype() {
        Dtype::F64 => bytes.map(f64::from_le_bytes).collect(),
        Dtype::I64 => bytes.map(|bytes| i64::from_le_bytes(bytes) as f64).collect(),
        other => panic!("{name} is {other:?}"),
    }
}

/// The values of all nodes, and the nodes of the gradients with respect to the input and each parameter.
struct Evaluated {
    values: IdVec<NodeId, Vec<f64>>,
    prediction: NodeId,
    loss: NodeId,
    input: Option<NodeId>,
    parameters: Vec<Option<NodeId>>,
}

impl Evaluated {
    fn new(model: &Model, batch: usize, x: &[f64], t: &[f64], parameter: impl Fn(&str) -> Vec<f64>) -> Self {
        let training = build(model, batch);
        let mut graph: Graph = training.graph;
        let mut wanted = vec![training.input];
        wanted.extend(training.parameters.iter());
        let gradients = differentiate(&mut graph, training.loss, &wanted);
        let values = evaluate::evaluate(&graph, |leaf| match leaf {
            Leaf::Input => x.to_vec(),
            Leaf::Target => t.to_vec(),
            Leaf::Parameter(id) => {
                let parameter_of = &model.parameters[id];
                parameter(&format!("{}.{}", model.layers[parameter_of.layer].name, parameter_of.name))
            }
            Leaf::State(..) | Leaf::Number(_) | Leaf::Argument(_) | Leaf::Mask(_) | Leaf::Running(..) => {
                unreachable!("a gradient step has none of these")
            }
        });
        Self {
            values,
            prediction: training.prediction,
            loss: training.loss,
            input: gradients[0],
            parameters: gradients[1..].to_vec(),
        }
    }

    /// ∂C/∂x; zero where the loss does not depend on it.
    fn input_gradient(&self, count: usize) -> Vec<f64> {
        self.input.map_or_else(|| vec![0.0; count], |node| self.values[node].clone())
    }
}

fn no_parameters(name: &str) -> Vec<f64> {
    panic!("{name} is no parameter here")
}

/// Each number to `tolerance`, absolute or relative.
#[track_caller]
fn assert_agree(name: &str, ours: &[f64], theirs: &[f64], tolerance: f64) {
    assert_eq!(ours.len(), theirs.len(), "{name}");
    for (at, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        // PyTorch's own softplus overflows far out, where mathematics does not.
        let overflowed = theirs.is_nan() && ours.is_finite();
        let near = overflowed || (ours - theirs).abs() <= tolerance * theirs.abs().max(1.0);
        assert!(near || ours == theirs, "{name}[{at}]: {ours:e}, PyTorch has {theirs:e}");
    }
}

#[test]
fn every_loss_and_its_gradient_are_pytorchs() {
    let y = tensor(LOSSES, "y");
    for loss in [
        "quadratic",
        "mse",
        "mae",
        "huber",
        "log_cosh",
        "cross_entropy",
        "binary_cross_entropy",
        "logistic",
        "hinge",
        "poisson",
    ] {
        let model = model(&format!("network n {{ input(5); linear; loss: {loss}; precision: f64 }}"));
        let t = tensor(LOSSES, &format!("{loss}/t"));
        let evaluated = Evaluated::new(&model, 8, &y, &t, no_parameters);
        let value = &evaluated.values[evaluated.loss];
        assert_agree(&format!("{loss}/loss"), value, &tensor(LOSSES, &format!("{loss}/loss")), 1e-12);
        let gradient = evaluated.input_gradient(y.len());
        assert_agree(&format!("{loss}/dy"), &gradient, &tensor(LOSSES, &format!("{loss}/dy")), 1e-12);
    }
}

/// Each activation as a layer, under a loss whose gradient is 1 at every output.
fn value_and_slope(activation: &str, x: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let model = model(&format!(
        "loss readout(y, t) = y\nnetwork n {{ input({}); {activation}; loss: readout; precision: f64 }}",
        x.len()
    ));
    let evaluated = Evaluated::new(&model, 1, x, &vec![0.0; x.len()], no_parameters);
    (evaluated.values[evaluated.prediction].clone(), evaluated.input_gradient(x.len()))
}

#[test]
fn every_activation_and_its_slope_are_pytorchs() {
    let x = tensor(ACTIVATIONS, "x");
    let file = SafeTensors::deserialize(ACTIVATIONS).unwrap();
    let mut activations: Vec<&str> = file.names().into_iter().filter_map(|name| name.strip_suffix("/y")).collect();
    activations.sort_unstable();
    assert_eq!(activations.len(), 19, "all but `exp`, `linear`, and `swish`, which is `silu`");
    for activation in activations {
        let (y, dy) = value_and_slope(activation, &x);
        assert_agree(&format!("{activation}/y"), &y, &tensor(ACTIVATIONS, &format!("{activation}/y")), 1e-12);
        // PyTorch's slope of hard_sigmoid is the f32 nearest to 1/6, also in f64.
        let tolerance = if activation == "hard_sigmoid" { 1e-8 } else { 1e-12 };
        assert_agree(&format!("{activation}/dy"), &dy, &tensor(ACTIVATIONS, &format!("{activation}/dy")), tolerance);
    }
}

#[test]
fn a_network_of_labels_repeats_residuals_and_branches_has_pytorchs_gradients() {
    let text = include_str!("../../tests/conformance/dense_blocks.net");
    let model = model(text);
    let (x, t) = (tensor(DENSE_BLOCKS, "data/x"), tensor(DENSE_BLOCKS, "data/t"));
    let evaluated = Evaluated::new(&model, 11, &x, &t, |name| tensor(DENSE_BLOCKS, &format!("params/{name}")));
    assert_agree("loss", &evaluated.values[evaluated.loss], &tensor(DENSE_BLOCKS, "loss"), 1e-12);
    assert_agree("input", &evaluated.input_gradient(x.len()), &tensor(DENSE_BLOCKS, "grads/input"), 1e-11);
    for (parameter, gradient) in model.parameters.iter().zip(&evaluated.parameters) {
        let name = format!("grads/{}.{}", model.layers[parameter.layer].name, parameter.name);
        let gradient = &evaluated.values[gradient.expect("the loss depends on every parameter")];
        assert_agree(&name, gradient, &tensor(DENSE_BLOCKS, &name), 1e-11);
    }
}
