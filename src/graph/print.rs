//! A graph as text: one line a node, as in `n12 = product n3, n7 : f32[1000, 30]   # dense1 forward`.

use super::{Combine, Graph, LayerId, Leaf, Node, NodeId, Op, ROWS, Role, Scan};

/// The widest a line may be and still push the comments of the others to the right, in characters.
const WIDEST: usize = 80;

/// The graph, one line a node in order; `layer_name` tells what the layers are called.
#[must_use]
pub fn print(graph: &Graph, layer_name: &dyn Fn(LayerId) -> String) -> String {
    let mut lines: Vec<(String, String)> = Vec::new();
    for (id, node) in graph.nodes.iter_with_ids() {
        let value = format!("{id} = {} : {}{}", expression(node), node.precision, node.shape);
        let whose = node.origin.layer.map_or_else(|| "loss".to_owned(), layer_name);
        let role = match node.origin.role {
            Role::Forward => "forward",
            Role::Gradient => "gradient",
            Role::Statistic => "statistic",
            Role::Update => "update",
        };
        let is_data = matches!(node.op, Op::Leaf(Leaf::Input | Leaf::Target));
        let comment = if is_data { "# data".to_owned() } else { format!("# {whose} {role}") };
        lines.push((value, comment));
        if let Op::Scan(scan) = &node.op {
            lines.extend(body(scan, "    ").into_iter().map(|line| (line, String::new())));
        }
    }
    let column =
        lines.iter().map(|(value, _)| value.chars().count()).filter(|width| *width <= WIDEST).max().unwrap_or(0);
    let with_comment = |(value, comment): &(String, String)| {
        if comment.is_empty() { value.clone() } else { format!("{value:column$}   {comment}") }
    };
    let mut text = lines.iter().map(with_comment).collect::<Vec<_>>().join("\n");
    text.push('\n');
    text
}

/// The body of a recurrence, one line a node, and what of it is the next state.
fn body(scan: &Scan, indent: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for (id, node) in scan.body.nodes.iter_with_ids() {
        let extents: Vec<String> = node.shape.0.iter().map(|extent| extent_of_body(*extent)).collect();
        lines.push(format!("{indent}{id} = {} : {}[{}]", expression(node), node.precision, extents.join(", ")));
        if let Op::Scan(inner) = &node.op {
            lines.extend(body(inner, &format!("{indent}    ")));
        }
    }
    lines.push(format!("{indent}next state {}", scan.result));
    lines
}

/// An extent of a body, in terms of its rows.
fn extent_of_body(extent: usize) -> String {
    match extent / ROWS {
        _ if !extent.is_multiple_of(ROWS) => extent.to_string(),
        1 => "rows".to_owned(),
        times => format!("{times} rows"),
    }
}

/// What a node computes, without its name and type.
fn expression(node: &Node) -> String {
    let inputs = listed(&node.inputs);
    match &node.op {
        Op::Leaf(Leaf::Input) => "input".to_owned(),
        Op::Leaf(Leaf::Target) => "target".to_owned(),
        Op::Leaf(Leaf::Parameter(parameter)) => format!("parameter {parameter}"),
        Op::Leaf(Leaf::State(parameter, slot)) => format!("state {slot} of {parameter}"),
        Op::Leaf(Leaf::Mask(layer)) => format!("mask of {layer}"),
        Op::Leaf(Leaf::Running(layer, slot)) => format!("running {slot} of {layer}"),
        Op::Leaf(Leaf::Number(place)) => format!("number {place} of the step"),
        Op::Leaf(Leaf::Argument(0)) => "state".to_owned(),
        Op::Leaf(Leaf::Argument(argument)) => format!("argument {argument}"),
        Op::Constant(value) => format!("constant {}", value.value()),
        Op::Index { axis } => format!("index axis {axis}"),
        Op::Map(function) => {
            let names: Vec<String> = node.inputs.iter().map(NodeId::to_string).collect();
            format!("map {}", function.body(&names))
        }
        Op::Product => format!("product {inputs}"),
        Op::Reduce { combine, axes, .. } => {
            let word = match combine {
                Combine::Sum => "sum",
                Combine::Maximum => "maximum",
            };
            format!("{word} {inputs} over {}", listed(axes))
        }
        Op::Broadcast => format!("broadcast {inputs}"),
        Op::Reshape => format!("reshape {inputs}"),
        Op::Permute { axes } => format!("permute {inputs} to {}", listed(axes)),
        Op::Slice { axis, start } => format!("slice {inputs} axis {axis} from {start}"),
        Op::Pad { axis, before } => format!("pad {inputs} axis {axis} before {before}"),
        Op::Concat { axis } => format!("concat {inputs} axis {axis}"),
        Op::Window { axis, stride, dilation } => format!("window {inputs} axis {axis}{}", steps(*stride, *dilation)),
        Op::Fold { axis, stride, dilation } => format!("fold {inputs} axis {axis}{}", steps(*stride, *dilation)),
        Op::Gather => format!("gather {inputs}"),
        Op::ScatterAdd => format!("scatter_add {inputs}"),
        Op::Detach => format!("detach {inputs}"),
        Op::Histogram => format!("histogram {inputs}"),
        Op::Scan(scan) => {
            let way = if scan.reverse { "scan in reverse" } else { "scan" };
            let (sequences, constants) = node.inputs[1..].split_at(scan.sequences);
            let mut text = format!("{way} from {} over {}", node.inputs[0], listed(sequences));
            if !constants.is_empty() {
                text.push_str(&format!(" with {}", listed(constants)));
            }
            text
        }
    }
}

/// Stride and dilation, where they are not 1.
fn steps(stride: usize, dilation: usize) -> String {
    let part = |word: &str, step: usize| if step == 1 { String::new() } else { format!(" {word} {step}") };
    part("stride", stride) + &part("dilation", dilation)
}

fn listed<T: ToString>(entries: &[T]) -> String {
    entries.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}
