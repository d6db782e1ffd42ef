//! Data and network brought together: whether the source's examples are what the network takes (E04 where not), and its targets
//! turned into what the loss takes.

use super::source::{Header, Labels};
use crate::diagnostics::{Diagnostic, data};
use crate::model::{Model, TargetKind};
use crate::shape::Shape;
use crate::source::Span;

/// How a source's targets become the loss's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Targets {
    /// As they are.
    Numbers,
    /// Class numbers, checked.
    ClassNumbers,
    /// Rows with one 1 among zeros become class numbers.
    ClassNumbersOfOneHot,
    /// Class numbers become rows of 0 with one 1.
    OneHot,
    /// 0 and 1, checked.
    Bits,
    /// One-hot rows, −1 for 0.
    SignedOneHot,
    /// 0 and 1 become −1 and 1; −1 and 1 stay.
    Signs,
}

/// A source that fits the network.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fit {
    /// What is done with its targets.
    pub(super) targets: Targets,
    /// The shape of one example's target as the loss takes it.
    pub(super) shape: Shape,
    /// The number of classes: the extent of the output's last axis.
    pub(super) classes: usize,
    /// What the source's class numbers become: a second file may number the names of the first one otherwise.
    renumbered: Option<Vec<usize>>,
}

/// What the network's loss takes, without regard to a source: the shape of one target.
pub(super) fn target_shape(model: &Model) -> Shape {
    match target_kind(model) {
        TargetKind::Classes => positions(&model.output),
        TargetKind::Values | TargetKind::Signs => model.output.clone(),
    }
}

/// The kind of target; numbers where there is no loss to take them.
pub(super) fn target_kind(model: &Model) -> TargetKind {
    model.loss.as_ref().map_or(TargetKind::Values, |loss| loss.target)
}

/// All axes but the last.
fn positions(output: &Shape) -> Shape {
    Shape::new(output.0.split_last().map_or(&[][..], |(_, rest)| rest))
}

/// Holds a source's header against the network.
pub(super) fn fit(model: &Model, source: Span, header: &Header) -> Result<Fit, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    if header.x.elements() != model.input.elements() {
        diagnostics.push(data::data_do_not_fit(source, &header.x, model.input_span, &model.input));
    }
    match fit_targets(model, source, header) {
        Ok(fit) if diagnostics.is_empty() => return Ok(fit),
        Ok(_) => {}
        Err(diagnostic) => diagnostics.push(diagnostic),
    }
    Err(diagnostics)
}

fn fit_targets(model: &Model, source: Span, header: &Header) -> Result<Fit, Diagnostic> {
    let output = &model.output;
    let (numbers, has) = (output.elements(), header.y.elements());
    let classes = output.0.last().copied().unwrap_or(1);
    let places = numbers / classes.max(1);
    let one_hot = model.data.as_ref().and_then(|data| data.one_hot);
    let named = header.labels != Labels::Numbers;
    let targets = match target_kind(model) {
        TargetKind::Classes if has == places => Some(Targets::ClassNumbers),
        TargetKind::Classes if has == numbers => Some(Targets::ClassNumbersOfOneHot),
        TargetKind::Classes => None,
        kind @ (TargetKind::Values | TargetKind::Signs) => {
            let signs = kind == TargetKind::Signs;
            let labels = has == places && classes > 1 && one_hot != Some(false);
            if labels && (named || has != numbers || one_hot == Some(true)) {
                Some(if signs { Targets::SignedOneHot } else { Targets::OneHot })
            } else if has == numbers {
                Some(match (signs, named) {
                    (true, _) => Targets::Signs,
                    (false, true) if classes == 1 => Targets::Bits,
                    (false, _) => Targets::Numbers,
                })
            } else {
                None
            }
        }
    };
    let output_span = output_span(model);
    let shape = target_shape(model);
    let Some(targets) = targets else {
        let takes = match target_kind(model) {
            TargetKind::Classes if places == 1 => "one class number".to_owned(),
            TargetKind::Classes => format!("{places} class numbers"),
            TargetKind::Values | TargetKind::Signs if numbers == 1 => "1".to_owned(),
            TargetKind::Values | TargetKind::Signs => format!("{numbers}, or {places} class numbers"),
        };
        return Err(data::targets_do_not_fit(source, &header.y, output_span, output, &takes));
    };
    let (known, odd) = match &header.labels {
        Labels::Numbers => (None, None),
        Labels::Classes(classes) => (*classes, None),
        Labels::Names { names, odd } => (Some(names.len()), odd.as_deref()),
    };
    let room = if classes == 1 && target_kind(model) != TargetKind::Classes { 2 } else { classes };
    match known {
        Some(known) if known > room => Err(data::too_many_classes(source, known, output_span, classes, odd)),
        _ => Ok(Fit { targets, shape, classes, renumbered: None }),
    }
}

/// The layer whose output the loss takes.
fn output_span(model: &Model) -> Span {
    model.body.last().map_or(model.input_span, |layer| model.layers[*layer].span)
}

impl Fit {
    /// Numbers the named classes of held-out data, `labels`, as the training data do.
    ///
    /// # Errors
    /// Where one has names and the other has not, or a name is held out that is not trained on.
    pub(super) fn number_as(
        mut self,
        trained: &Labels,
        source: Span,
        labels: &Labels,
        test: Span,
    ) -> Result<Self, Diagnostic> {
        let odd_one = |named: bool| {
            let (these, those) = if named { ("names", "numbers") } else { ("numbers", "names") };
            data::classes_differ(test, source, &format!("these data have {these} of classes, those trained on {those}"))
        };
        match (trained, labels) {
            (Labels::Names { names: known, .. }, Labels::Names { names, .. }) => {
                let number = |name: &String| {
                    known.binary_search(name).map_err(|_| {
                        data::classes_differ(test, source, &format!("the class `{name}` is not among those trained on"))
                    })
                };
                self.renumbered = Some(names.iter().map(number).collect::<Result<_, _>>()?);
                Ok(self)
            }
            (Labels::Names { .. }, _) => Err(odd_one(false)),
            (_, Labels::Names { .. }) => Err(odd_one(true)),
            (Labels::Numbers | Labels::Classes(_), Labels::Numbers | Labels::Classes(_)) => Ok(self),
        }
    }

    /// Turns one example's targets, as the source has them, into the loss's.
    ///
    /// # Errors
    /// What is wrong with them, in words that follow "the target of example 3".
    pub(super) fn convert(&self, raw: &[f64], into: &mut Vec<f64>) -> Result<(), String> {
        let renumbered: Vec<f64>;
        let raw = match &self.renumbered {
            Some(numbers) => {
                renumbered = raw.iter().map(|class| numbers[*class as usize] as f64).collect();
                &renumbered
            }
            None => raw,
        };
        match self.targets {
            Targets::Numbers => into.extend(raw),
            Targets::ClassNumbers => {
                for label in raw {
                    into.push(self.class(*label)? as f64);
                }
            }
            Targets::ClassNumbersOfOneHot => {
                for row in raw.chunks(self.classes) {
                    let one = row.iter().position(|number| *number == 1.0);
                    let alone = row.iter().filter(|number| **number != 0.0).count() == 1;
                    let Some(class) = one.filter(|_| alone) else {
                        return Err("is no class number, nor a row of zeros with one 1".to_owned());
                    };
                    into.push(class as f64);
                }
            }
            Targets::OneHot | Targets::SignedOneHot => {
                let low = if self.targets == Targets::OneHot { 0.0 } else { -1.0 };
                for label in raw {
                    let class = self.class(*label)?;
                    into.extend((0..self.classes).map(|at| if at == class { 1.0 } else { low }));
                }
            }
            Targets::Bits => {
                for label in raw {
                    if *label != 0.0 && *label != 1.0 {
                        return Err(format!("is class {label}, but one output tells only 0 from 1"));
                    }
                    into.push(*label);
                }
            }
            Targets::Signs => {
                for label in raw {
                    into.push(match *label {
                        0.0 | -1.0 => -1.0,
                        1.0 => 1.0,
                        _ => return Err(format!("is {label}, but the loss takes −1 and 1, or 0 and 1")),
                    });
                }
            }
        }
        Ok(())
    }

    fn class(&self, label: f64) -> Result<usize, String> {
        if label.fract() != 0.0 || label < 0.0 {
            return Err(format!("is {label}, which is no class number"));
        }
        if label >= self.classes as f64 {
            return Err(format!("is class {label}, but the network's classes are 0 to {}", self.classes - 1));
        }
        Ok(label as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::data::source::Count;
    use crate::run::data::testing::{model, with_loss};

    fn header(y: &[usize], labels: Labels) -> Header {
        Header::new(Count::Fixed(1), Shape::new([4]), Shape::new(y), labels)
    }

    fn fitted(kind: TargetKind, output: &[usize], y: &[usize], labels: Labels) -> Result<Fit, Vec<Diagnostic>> {
        let model = with_loss(model(&[2, 2], output), kind);
        fit(&model, model.input_span, &header(y, labels))
    }

    fn converted(kind: TargetKind, output: &[usize], y: &[usize], labels: Labels, raw: &[f64]) -> Vec<f64> {
        let mut numbers = Vec::new();
        fitted(kind, output, y, labels).unwrap().convert(raw, &mut numbers).unwrap();
        numbers
    }

    #[test]
    fn class_labels_become_what_the_loss_takes() {
        use TargetKind::*;
        let classes = || Labels::Classes(None);
        assert_eq!(converted(Classes, &[3], &[], classes(), &[2.0]), [2.0]);
        assert_eq!(converted(Classes, &[2, 3], &[2], Labels::Numbers, &[2.0, 0.0]), [2.0, 0.0]);
        assert_eq!(converted(Classes, &[3], &[3], Labels::Numbers, &[0.0, 1.0, 0.0]), [1.0]);
        assert_eq!(converted(Values, &[3], &[], classes(), &[2.0]), [0.0, 0.0, 1.0]);
        assert_eq!(converted(Values, &[3], &[], Labels::Numbers, &[1.0]), [0.0, 1.0, 0.0]);
        assert_eq!(converted(Values, &[1], &[], classes(), &[1.0]), [1.0]);
        assert_eq!(converted(Signs, &[1], &[], classes(), &[0.0]), [-1.0]);
        assert_eq!(converted(Signs, &[1], &[1], Labels::Numbers, &[-1.0]), [-1.0]);
        assert_eq!(converted(Signs, &[3], &[], classes(), &[1.0]), [-1.0, 1.0, -1.0]);
    }

    #[test]
    fn numbers_pass_where_their_count_agrees() {
        assert_eq!(
            converted(TargetKind::Values, &[2, 2], &[4], Labels::Numbers, &[0.5, 1.5, -2.0, 3.0]),
            [0.5, 1.5, -2.0, 3.0]
        );
        assert_eq!(converted(TargetKind::Values, &[1], &[], Labels::Numbers, &[7.25]), [7.25]);
    }

    #[test]
    fn what_does_not_fit_is_reported_with_both_places() {
        let code =
            |result: Result<Fit, Vec<Diagnostic>>| result.unwrap_err().iter().map(|d| d.code.0).collect::<Vec<_>>();
        assert_eq!(code(fitted(TargetKind::Values, &[3], &[2], Labels::Numbers)), ["E0441"]);
        assert_eq!(code(fitted(TargetKind::Classes, &[3], &[2], Labels::Numbers)), ["E0441"]);
        assert_eq!(code(fitted(TargetKind::Classes, &[3], &[], Labels::Classes(Some(4)))), ["E0442"]);
        let names = Labels::Names { names: ["a", "b", "c"].map(String::from).to_vec(), odd: None };
        assert_eq!(code(fitted(TargetKind::Values, &[1], &[], names)), ["E0442"]);
        let model = with_loss(model(&[5], &[3]), TargetKind::Classes);
        let both = fit(&model, model.input_span, &header(&[2], Labels::Numbers)).unwrap_err();
        assert_eq!(both.iter().map(|d| d.code.0).collect::<Vec<_>>(), ["E0440", "E0441"]);
        assert!(both.iter().all(|diagnostic| diagnostic.secondary.len() == 1));
    }

    #[test]
    fn labels_must_be_class_numbers() {
        let fit = fitted(TargetKind::Classes, &[3], &[], Labels::Numbers).unwrap();
        for label in [3.0, -1.0, 0.5, 1e300] {
            assert!(fit.convert(&[label], &mut Vec::new()).is_err(), "{label}");
        }
        let bits = fitted(TargetKind::Values, &[1], &[], Labels::Classes(None)).unwrap();
        assert!(bits.convert(&[2.0], &mut Vec::new()).is_err());
        let rows = fitted(TargetKind::Classes, &[2], &[2], Labels::Numbers).unwrap();
        for row in [[0.0, 0.0], [1.0, 1.0], [0.5, 0.5], [2.0, 0.0]] {
            assert!(rows.convert(&row, &mut Vec::new()).is_err(), "{row:?}");
        }
    }
}
