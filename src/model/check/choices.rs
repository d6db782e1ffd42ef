//! Names and calls that choose: activations, init rules, losses, optimizers, schedules, sources. A param may stand for one; its
//! arguments are then evaluated where it was written.

use super::definitions::{DefinitionId, Lookup, loss_state};
use super::evaluate::{State, describe};
use super::value::{Context, Fans, Home, Scope, Value, Valued};
use super::{Checker, Limits};
use crate::diagnostics::near::is_same_word;
use crate::diagnostics::{arguments, habits, names, values};
use crate::model::intrinsics::ROW_FUNCTIONS;
use crate::model::settings::{self, Word};
use crate::model::signature::Arguments;
use crate::model::{Activation, Chosen, Initializer, Loss, LossTerm, RowWise, TargetKind};
use crate::scalar::stabilise;
use crate::shape::Shape;
use crate::source::{Ident, Span};
use crate::syntax::ast::{Argument, DefinitionKind, Expr, ExprKind};
use std::rc::Rc;
use std::sync::Arc;

/// A choice as it was written: the name, its arguments, and where to look up what is in them.
#[derive(Clone)]
pub(super) struct Choice<'a> {
    name: &'a Ident,
    arguments: &'a [Argument],
    scope: Rc<Scope<'a>>,
    /// Where it is used.
    span: Span,
}

/// An init rule, as far as it does not depend on the layer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Drawn {
    /// A distribution, all numbers known.
    Known(Initializer),
    /// `auto`: solved for the layer's activation.
    Auto(Span),
}

/// A loss with its settings, before the network's output is known.
#[derive(Debug)]
pub(super) struct LossChoice<'a> {
    definition: DefinitionId,
    settings: Vec<Option<Valued<'a>>>,
    name: String,
    span: Span,
}

impl<'a> Checker<'a> {
    /// What an expression chooses in a place that takes `role`; what is no name is reported.
    fn choice(&mut self, expr: &'a Expr, scope: &Rc<Scope<'a>>, role: &str, context: Context) -> Option<Choice<'a>> {
        let written = |name, arguments| Some(Choice { name, arguments, scope: Rc::clone(scope), span: expr.span });
        match &expr.kind {
            ExprKind::Path(path) if path.segments.is_empty() && !self.has_value(&path.head, scope, context) => {
                return written(&path.head, &[]);
            }
            ExprKind::Call { callee, arguments } => return written(callee, arguments),
            _ => {}
        }
        let value = self.place(expr, scope, &mut State::known(context));
        self.choice_of_value(&Valued { value, span: expr.span }, role)
    }

    fn choice_of_value(&mut self, valued: &Valued<'a>, role: &str) -> Option<Choice<'a>> {
        match &valued.value {
            Value::Name(name) => {
                Some(Choice { name, arguments: &[], scope: Scope::root(Home::User), span: valued.span })
            }
            Value::Call(closure) => Some(Choice {
                name: closure.callee,
                arguments: closure.arguments,
                scope: Rc::clone(&closure.scope),
                span: valued.span,
            }),
            Value::Unknown => None,
            other => {
                let named =
                    if let Value::Text(text) = other { self.meant_by_string(text, valued.span, role) } else { None };
                self.report(match named {
                    Some(name) => habits::quoted_name(valued.span, role, name),
                    None => arguments::wrong_type(valued.span, role, &describe(other)),
                });
                None
            }
        }
    }

    /// The name that a string at this place is meant for, where it is one of the role.
    fn meant_by_string(&self, text: &str, span: Span, role: &str) -> Option<&'a str> {
        let kind = match role {
            "an activation" => DefinitionKind::Activation,
            "an init rule" => DefinitionKind::Init,
            "a loss" => DefinitionKind::Loss,
            _ => return None,
        };
        let names = self.definitions.names(kind, Home::User);
        names.into_iter().find(|name| is_same_word(text, name)).filter(|_| self.sources.text(span).starts_with('"'))
    }

    /// Whether a name stands for a value here, not for itself.
    fn has_value(&self, name: &Ident, scope: &Rc<Scope<'a>>, context: Context) -> bool {
        self.named_value(name, scope, context).is_some()
    }

    /// Reports a name that is not of the role that its place takes.
    fn report_wrong_choice(&mut self, choice: &Choice<'a>, role: &'static str, candidates: Vec<&str>) {
        self.evaluate_loosely(choice.arguments, &choice.scope);
        match self.role_of(&choice.name.name, choice.scope.home) {
            Some(found) => self.report(arguments::wrong_role(choice.name, choice.span, found, role, candidates)),
            None => {
                let mut diagnostic = names::unknown(role, choice.name, candidates);
                // `ReLU()` is `relu`.
                let after = choice.name.span.range().end;
                if let Some(help) = diagnostic.helps.last_mut().filter(|help| help.is_certain)
                    && choice.arguments.is_empty()
                    && self.sources.get(choice.name.span.source).text[after..].starts_with("()")
                {
                    help.edits.iter_mut().for_each(|edit| edit.span.end += 2);
                }
                self.report(diagnostic);
            }
        }
    }

    /// Looks for unknown names in arguments that cannot be bound.
    fn evaluate_loosely(&mut self, given: &'a [Argument], scope: &Rc<Scope<'a>>) {
        for argument in given {
            if let ExprKind::Path(_) | ExprKind::Call { .. } = argument.value.kind {
                continue;
            }
            self.value(&argument.value, scope, Context::Init(None));
        }
    }

    /// The activation that an expression names.
    pub(super) fn activation(&mut self, expr: &'a Expr, scope: &Rc<Scope<'a>>) -> Option<Activation> {
        let choice = self.choice(expr, scope, "an activation", Context::Plain)?;
        self.chosen_activation(&choice)
    }

    /// The activation of a layer statement: `relu`, `swish(beta: 2)`.
    pub(super) fn activation_layer(
        &mut self,
        name: &'a Ident,
        given: &'a [Argument],
        scope: &Rc<Scope<'a>>,
        span: Span,
    ) -> Option<Activation> {
        self.chosen_activation(&Choice { name, arguments: given, scope: Rc::clone(scope), span })
    }

    /// The activation that a param, or a parameter of a block, holds, as a layer.
    pub(super) fn held_activation(&mut self, name: &'a Ident, scope: &Rc<Scope<'a>>, span: Span) -> Option<Activation> {
        let value = self.named_value(name, scope, Context::Plain)?;
        let choice = self.choice_of_value(&Valued { value, span }, "an activation")?;
        self.chosen_activation(&choice)
    }

    fn chosen_activation(&mut self, choice: &Choice<'a>) -> Option<Activation> {
        let name = choice.name.name.as_str();
        if let Some(at) = ROW_FUNCTIONS.iter().position(|function| *function == name) {
            let row_wise = [RowWise::Softmax, RowWise::LogSoftmax][at];
            if !choice.arguments.is_empty() {
                self.match_slots(choice.name, choice.name.span, &[], choice.arguments);
                return None;
            }
            return Some(Activation {
                name: name.to_owned(),
                function: None,
                row_wise: Some(row_wise),
                span: choice.span,
            });
        }
        let definition = match self.definitions.find(DefinitionKind::Activation, name, choice.scope.home) {
            Lookup::Found(definition) => definition,
            Lookup::Poisoned => {
                self.evaluate_loosely(choice.arguments, &choice.scope);
                return None;
            }
            Lookup::Missing => {
                let mut candidates = self.definitions.names(DefinitionKind::Activation, choice.scope.home);
                candidates.extend(ROW_FUNCTIONS);
                self.report_wrong_choice(choice, "activation", candidates);
                return None;
            }
        };
        let settings = self.settings_of(definition, choice)?;
        let display = self.display(definition, name, &settings);
        let function = self.activation_function(definition, settings)?;
        Some(Activation { name: display, function: Some(function), row_wise: None, span: choice.span })
    }

    /// The prelude's activation of a name, as it stands for an argument that is not passed.
    pub(super) fn default_activation(&mut self, name: &str, span: Span) -> Activation {
        let Lookup::Found(definition) = self.definitions.find(DefinitionKind::Activation, name, Home::Prelude) else {
            unreachable!("the prelude defines the default activations")
        };
        let settings = self.definitions.own_parameters(definition).iter().map(|_| None).collect();
        let function = self.activation_function(definition, settings).expect("the prelude's activations are sound");
        Activation { name: name.to_owned(), function: Some(function), row_wise: None, span }
    }

    /// The settings given to an activation or loss, in the order of its parameters.
    fn settings_of(&mut self, definition: DefinitionId, choice: &Choice<'a>) -> Option<Vec<Option<Valued<'a>>>> {
        let parameters = self.definitions.own_parameters(definition);
        let is_broken = self.definitions.is_broken(definition);
        let exprs = if is_broken {
            None
        } else {
            self.match_parameters(choice.name, choice.span, parameters, choice.arguments)
        };
        let Some(exprs) = exprs else {
            self.evaluate_loosely(choice.arguments, &choice.scope);
            return None;
        };
        let mut sound = true;
        let mut settings = Vec::with_capacity(exprs.len());
        for (parameter, expr) in parameters.iter().zip(exprs) {
            let Some(expr) = expr else {
                settings.push(None);
                continue;
            };
            let valued = self.operand_value(expr, &choice.scope, Context::Plain);
            sound &= self.is_setting(&valued, parameter.default.as_ref());
            settings.push(Some(valued));
        }
        sound.then_some(settings)
    }

    /// Whether a value can be a setting: a number, or a truth value where the default is one.
    fn is_setting(&mut self, valued: &Valued<'a>, default: Option<&'a Expr>) -> bool {
        let wants_truth = default.map(|default| matches!(default.kind, ExprKind::Boolean(_)));
        match (&valued.value, wants_truth) {
            (Value::Unknown, _) => false,
            (Value::Number(_), None | Some(false)) | (Value::Boolean(_), None | Some(true)) => true,
            (other, Some(true)) => {
                self.report(arguments::wrong_type(valued.span, "a truth value", &describe(other)));
                false
            }
            (other, None | Some(false)) => {
                self.report(arguments::wrong_type(valued.span, "a number", &describe(other)));
                false
            }
        }
    }

    /// A definition with the settings it was given: `swish(beta: 2)`.
    fn display(&self, definition: DefinitionId, name: &str, settings: &[Option<Valued<'a>>]) -> String {
        let given: Vec<String> = self
            .definitions
            .own_parameters(definition)
            .iter()
            .zip(settings)
            .filter_map(|(parameter, setting)| {
                let text = match setting.as_ref()?.value {
                    Value::Number(number) => number_text(number),
                    Value::Boolean(boolean) => boolean.to_string(),
                    _ => return None,
                };
                Some(format!("{}: {text}", parameter.name.name))
            })
            .collect();
        if given.is_empty() { name.to_owned() } else { format!("{name}({})", given.join(", ")) }
    }

    /// What an init rule draws from, with these fans; with unknown fans only its mistakes are of interest.
    pub(super) fn initializer(&mut self, expr: &'a Expr, scope: &Rc<Scope<'a>>, fans: Option<Fans>) -> Option<Drawn> {
        let mut state = State::known(Context::Init(fans));
        if let ExprKind::If(condition, yes, no) = &expr.kind {
            let truth = self.evaluate(condition, scope, &mut state);
            return match truth {
                Value::Boolean(true) => self.initializer(yes, scope, fans),
                Value::Boolean(false) => self.initializer(no, scope, fans),
                _ => {
                    self.initializer(yes, scope, fans);
                    self.initializer(no, scope, fans);
                    if !matches!(truth, Value::Unknown) {
                        self.report(arguments::wrong_type(condition.span, "a truth value", &describe(&truth)));
                    }
                    None
                }
            };
        }
        let choice = self.choice(expr, scope, "an init rule", state.context)?;
        self.chosen_initializer(choice, fans)
    }

    /// The rule of a name without arguments.
    pub(super) fn initializer_named(&mut self, name: &str, fans: Option<Fans>) -> Option<Drawn> {
        let Lookup::Found(definition) = self.definitions.find(DefinitionKind::Init, name, Home::Prelude) else {
            unreachable!("the prelude defines the default rules")
        };
        let given = vec![None; self.definitions.parameters(definition).len()];
        let scope = self.bind_definition(definition, given, &mut State::known(Context::Init(fans)));
        self.initializer(&self.definitions.get(definition).body, &scope, fans)
    }

    fn chosen_initializer(&mut self, choice: Choice<'a>, fans: Option<Fans>) -> Option<Drawn> {
        if self.init_depth == 0 {
            self.init_whole = choice.span;
        }
        self.init_depth += 1;
        let drawn = if self.init_depth > Limits::INIT_DEPTH {
            self.report(values::too_large(self.init_whole, true));
            None
        } else {
            self.chosen_initializer_inner(&choice, fans)
        };
        self.init_depth -= 1;
        drawn
    }

    fn chosen_initializer_inner(&mut self, choice: &Choice<'a>, fans: Option<Fans>) -> Option<Drawn> {
        let name = choice.name.name.as_str();
        match self.definitions.find(DefinitionKind::Init, name, choice.scope.home) {
            Lookup::Found(definition) => {
                if self.definitions.is_broken(definition) {
                    self.evaluate_loosely(choice.arguments, &choice.scope);
                    return None;
                }
                let parameters = self.definitions.parameters(definition);
                let exprs = self.match_parameters(choice.name, choice.span, parameters, choice.arguments)?;
                let mut state = State::known(Context::Init(fans));
                let mut given = Vec::with_capacity(exprs.len());
                let mut sound = true;
                for (parameter, expr) in parameters.iter().zip(exprs) {
                    let Some(expr) = expr else {
                        given.push(None);
                        continue;
                    };
                    let value = self.evaluate(expr, &choice.scope, &mut state);
                    let valued = Valued { value, span: expr.span };
                    // An unknown number is no mistake while the rule is checked for itself.
                    if !matches!(valued.value, Value::Unknown) {
                        sound &= self.is_setting(&valued, parameter.default.as_ref());
                    }
                    given.push(Some(valued));
                }
                if !sound {
                    return None;
                }
                let scope = self.bind_definition(definition, given, &mut state);
                self.initializer(&self.definitions.get(definition).body, &scope, fans)
            }
            Lookup::Poisoned => {
                self.evaluate_loosely(choice.arguments, &choice.scope);
                None
            }
            Lookup::Missing => match settings::find(settings::DISTRIBUTIONS, name) {
                Some(word) => self.distribution(word, choice, fans),
                None => {
                    let mut candidates = self.definitions.names(DefinitionKind::Init, choice.scope.home);
                    candidates.extend(settings::DISTRIBUTIONS.iter().map(|word| word.name));
                    self.report_wrong_choice(choice, "init rule", candidates);
                    None
                }
            },
        }
    }

    fn distribution(&mut self, word: &'static Word, choice: &Choice<'a>, fans: Option<Fans>) -> Option<Drawn> {
        let context = Context::Init(fans);
        let arguments =
            self.bind(choice.name, choice.span, word.parameters, choice.arguments, &choice.scope, context)?;
        let number = |name: &str| arguments.number(name).expect("distributions' numbers are required or have defaults");
        let known = match word.name {
            "constant" => Initializer::Constant(number("c")),
            "normal" => Initializer::Normal { mean: number("mean"), std: number("std") },
            "uniform" => {
                let (low, high) = (number("low"), number("high"));
                if low > high {
                    self.report(values::ends_exchanged(choice.span, arguments.span("low"), low, high));
                    return None;
                }
                Initializer::Uniform { low, high }
            }
            "truncated_normal" => Initializer::TruncatedNormal { mean: number("mean"), std: number("std") },
            "orthogonal" => Initializer::Orthogonal { gain: number("gain") },
            "identity" => Initializer::Identity { gain: number("gain"), groups: 1 },
            "sparse" => Initializer::Sparse {
                nonzeros: arguments.count("nonzeros").expect("`nonzeros` is required"),
                std: number("std"),
            },
            "auto" => return Some(Drawn::Auto(choice.span)),
            "file" => {
                let path = arguments.text("path").expect("`path` is required");
                self.files.push(path.clone());
                Initializer::File { path: path.value, span: path.span }
            }
            other => unreachable!("`{other}` is no distribution"),
        };
        Some(Drawn::Known(known))
    }

    /// The loss that `loss:` names.
    pub(super) fn loss_choice(&mut self, expr: &'a Expr, scope: &Rc<Scope<'a>>) -> Option<LossChoice<'a>> {
        let choice = self.choice(expr, scope, "a loss", Context::Plain)?;
        self.chosen_loss(&choice)
    }

    fn chosen_loss(&mut self, choice: &Choice<'a>) -> Option<LossChoice<'a>> {
        let name = choice.name.name.as_str();
        match self.definitions.find(DefinitionKind::Loss, name, choice.scope.home) {
            Lookup::Found(definition) => {
                let settings = self.settings_of(definition, choice)?;
                let name = self.display(definition, name, &settings);
                Some(LossChoice { definition, settings, name, span: choice.span })
            }
            Lookup::Poisoned => {
                self.evaluate_loosely(choice.arguments, &choice.scope);
                None
            }
            Lookup::Missing => {
                let candidates = self.definitions.names(DefinitionKind::Loss, choice.scope.home);
                self.report_wrong_choice(choice, "loss", candidates);
                None
            }
        }
    }

    /// A loss for a network with this output.
    pub(super) fn loss(&mut self, choice: LossChoice<'a>, output: &Shape) -> Option<Loss> {
        let outputs = output.elements();
        let classes = output.0.last().copied().unwrap_or(1);
        let counts = [outputs as f64, classes as f64, (outputs / classes) as f64];
        let definition = self.definitions.get(choice.definition);
        let (mut state, mut given) = loss_state(definition, Some(counts));
        given.extend(choice.settings);
        let value = self.apply(choice.definition, given, &mut state);
        let result = state.node(&value)?;
        let mut function = state.builder.take().expect("it builds").finish(&[result]);
        // The terms that the body does not speak of are the last ones.
        function.arity = state.terms.len();
        let of_classes = state.terms.iter().any(|term| matches!(term, LossTerm::Softmax | LossTerm::LogSoftmax));
        let target = if of_classes {
            TargetKind::Classes
        } else if definition.parameters[1].name.name == "sign" {
            TargetKind::Signs
        } else {
            TargetKind::Values
        };
        let function = Arc::new(stabilise(&function));
        Some(Loss { name: choice.name, function, terms: state.terms, target, span: choice.span })
    }

    /// The word of a table that an expression names, its arguments checked.
    pub(super) fn word(
        &mut self,
        words: &'static [Word],
        role: &'static str,
        expr: &'a Expr,
        scope: &Rc<Scope<'a>>,
    ) -> Option<Chosen> {
        let choice = self.choice(expr, scope, role, Context::Plain)?;
        self.chosen_word(words, role, &choice)
    }

    fn chosen_word(&mut self, words: &'static [Word], role: &'static str, choice: &Choice<'a>) -> Option<Chosen> {
        let Some(word) = settings::find(words, &choice.name.name) else {
            self.report_wrong_choice(choice, role, words.iter().map(|word| word.name).collect());
            return None;
        };
        let arguments: Arguments =
            self.bind(choice.name, choice.span, word.parameters, choice.arguments, &choice.scope, Context::Plain)?;
        Some(Chosen { word, arguments, span: choice.span })
    }

    /// Checks the arguments of a name or call that a param holds, wherever it may be used.
    pub(super) fn check_choice(&mut self, valued: &Valued<'a>) {
        if let Value::List(entries) = &valued.value {
            for entry in entries.iter() {
                self.check_choice(entry);
            }
            return;
        }
        let (Value::Name(_) | Value::Call(_)) = valued.value else { return };
        let Some(choice) = self.choice_of_value(valued, "") else { return };
        // A bare name may still get what it lacks; a name of several roles is checked where it is used.
        let (true, [role]) = (matches!(valued.value, Value::Call(_)), &self.roles(&choice.name.name)[..]) else {
            return;
        };
        match *role {
            "an activation" => _ = self.chosen_activation(&choice),
            "an init rule" => _ = self.chosen_initializer(choice, None),
            "a loss" => _ = self.chosen_loss(&choice),
            _ => _ = self.chosen_word(settings::OPTIMIZERS, "optimizer", &choice),
        }
    }

    /// What a name may choose.
    pub(super) fn roles(&self, name: &str) -> Vec<&'static str> {
        let defined = |kind| self.definitions.find(kind, name, Home::User) != Lookup::Missing;
        let mut roles = Vec::new();
        if defined(DefinitionKind::Activation) || ROW_FUNCTIONS.contains(&name) {
            roles.push("an activation");
        }
        if defined(DefinitionKind::Init) || settings::find(settings::DISTRIBUTIONS, name).is_some() {
            roles.push("an init rule");
        }
        if defined(DefinitionKind::Loss) {
            roles.push("a loss");
        }
        if settings::find(settings::OPTIMIZERS, name).is_some() {
            roles.push("an optimizer");
        }
        roles
    }
}

/// A number as people write it.
pub(in crate::model) fn number_text(number: f64) -> String {
    let size = number.abs();
    if number == 0.0 || (1e-4..1e15).contains(&size) { format!("{number}") } else { format!("{number:e}") }
}
