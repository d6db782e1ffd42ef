//! `gradc phase`: the plane of (σ_w, σ_b) with the network in it.

use super::args::{self, PhaseFormat};
use super::check::Errors;
use super::{Failure, Status, Talk, input, options, output};
use crate::diagnostics::near::nearest;
use crate::pipeline;
use crate::report::phase;

pub(super) fn run(arguments: &args::Phase, talk: &Talk) -> Result<Status, Failure> {
    let input = input::read(&arguments.file)?;
    let options = options(&arguments.experiment, &arguments.machine, input.folder);
    let checked = pipeline::check(&input.name, input.text, &options);
    talk.diagnostics(&checked.diagnostics, &checked.sources, &input.name);
    let mut errors = Errors::default();
    errors.count(&checked.diagnostics);
    let Some(model) = checked.model.as_ref().filter(|_| errors.status() == Status::Well) else {
        return Ok(errors.status());
    };
    let layer = match &arguments.layer {
        None => None,
        Some(name) => Some(model.layers.ids().find(|id| model.layers[*id].name == *name).ok_or_else(|| {
            let failure = Failure::wrong(format!("there is no layer `{name}`"));
            match nearest(name, model.layers.iter().map(|layer| layer.name.as_str())) {
                Some(near) => failure.help(format!("a layer has a similar name: `{near}`")),
                None => failure,
            }
        })?),
    };
    let Some(plane) = checked.plane(layer, &options) else {
        let message = match &arguments.layer {
            Some(name) => format!("`{name}` is no layer with weights that an elementwise activation follows"),
            None => {
                "no layer with weights is followed by an elementwise activation: there is no plane to draw".to_owned()
            }
        };
        return Err(Failure::wrong(message));
    };
    let drawn = match arguments.format {
        PhaseFormat::Text => phase::text(model, &plane),
        PhaseFormat::Json => phase::json(model, &plane),
        PhaseFormat::Svg => phase::svg(model, &plane),
    };
    output::write(drawn.as_bytes(), arguments.output.as_deref())?;
    Ok(Status::Well)
}
