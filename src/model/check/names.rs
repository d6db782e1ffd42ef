//! What layers are called: labels, and numbers per kind; and which layer a path means.

use super::network::Draught;
use super::value::{Context, Home, Scope, Valued};
use super::{Checker, Limits};
use crate::diagnostics::names;
use crate::model::layers;
use crate::source::{Ident, Span};
use crate::syntax::ast::{DefinitionKind, Layer, Segment, Statement};
use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::rc::Rc;

/// No more names than this are searched for a near miss.
const SEARCHED: usize = 1000;

/// Where a statement stands: what is in scope, in which turn of which repeats, in which use of which block.
#[derive(Clone, Debug)]
pub(super) struct Place<'a> {
    pub(super) scope: Rc<Scope<'a>>,
    /// The block use around it, as `unit1.`; empty outside.
    prefix: String,
    /// The turns of the repeats around it, within the block.
    turns: Vec<usize>,
    /// The container around it.
    pub(super) parent: Option<usize>,
    top: bool,
}

impl<'a> Place<'a> {
    /// The network's own body.
    pub(super) fn top(scope: Rc<Scope<'a>>) -> Self {
        Self { scope, prefix: String::new(), turns: Vec::new(), parent: None, top: true }
    }

    /// Whether it is the network's own body.
    pub(super) fn is_top(&self) -> bool {
        self.top
    }

    /// A turn of a repeat, with the value of its name.
    pub(super) fn turn(&self, turn: usize, binder: Option<&'a Ident>, value: Valued<'a>) -> Self {
        let scope = match binder {
            Some(binder) => Scope::within(&self.scope, HashMap::from([(binder.name.as_str(), value)])),
            None => Rc::clone(&self.scope),
        };
        let turns = self.turns.iter().copied().chain([turn]).collect();
        Self { scope, turns, top: false, ..self.clone() }
    }

    /// A label's full name in the first so many of the turns around it.
    fn full_name(&self, label: &str, turns: usize) -> String {
        let mut name = format!("{}{label}", self.prefix);
        for turn in &self.turns[..turns] {
            write!(name, "[{turn}]").expect("a string takes all that is written");
        }
        name
    }

    /// The same place with other names in scope.
    pub(super) fn with_scope(self, scope: Rc<Scope<'a>>) -> Self {
        Self { scope, ..self }
    }

    /// The body of a container.
    pub(super) fn inside(&self, parent: usize) -> Self {
        Self { parent: Some(parent), top: false, ..self.clone() }
    }

    /// The body of a block whose use has this name.
    pub(super) fn inside_block(self, name: &str) -> Self {
        Self { prefix: format!("{name}."), turns: Vec::new(), top: false, ..self }
    }
}

/// The names given so far.
#[derive(Debug, Default)]
pub(super) struct NameTable<'a> {
    layers: HashMap<String, usize>,
    /// The names in the order they were given, for near misses.
    order: Vec<String>,
    numbers: HashMap<&'a str, usize>,
    automatic: HashMap<String, usize>,
    poisoned: HashSet<&'a str>,
    /// Whether a reported error leaves open which layers there are: then numbers may be off, and no name is unknown for sure.
    pub(super) uncertain: bool,
    /// Above 0 while layers are looked at that are no part of the network.
    aside: usize,
    /// What was entered since, to be taken back.
    log: Vec<Entered<'a>>,
}

/// An entry of a name table.
#[derive(Debug)]
enum Entered<'a> {
    Name(String),
    Number(&'a str),
}

/// The state of a name table to go back to.
#[derive(Debug)]
pub(super) struct Mark {
    order: usize,
    log: usize,
    uncertain: bool,
}

impl<'a> NameTable<'a> {
    /// The name of the next layer of the text.
    pub(super) fn assign(&mut self, layer: &'a Layer, place: &Place<'a>, at: usize) -> String {
        let kind = layer.kind.name.as_str();
        let name = if let Some(label) = &layer.label {
            place.full_name(&label.name, place.turns.len())
        } else {
            let number = self.numbers.entry(kind).or_insert(0);
            *number += 1;
            let name = format!("{kind}{number}");
            if self.aside > 0 {
                self.log.push(Entered::Number(kind));
            } else {
                self.automatic.insert(name.clone(), at);
            }
            name
        };
        if !self.layers.contains_key(&name) {
            self.layers.insert(name.clone(), at);
            if self.aside > 0 {
                self.log.push(Entered::Name(name.clone()));
            }
        }
        self.order.push(name.clone());
        name
    }

    /// A label of a statement that could not be understood.
    pub(super) fn poison(&mut self, label: &'a str) {
        self.poisoned.insert(label);
    }

    /// What follows is no part of the network; `back` forgets it.
    pub(super) fn step_aside(&mut self) -> Mark {
        self.aside += 1;
        let mark = Mark { order: self.order.len(), log: self.log.len(), uncertain: self.uncertain };
        self.uncertain = true;
        mark
    }

    /// Forgets all names since `step_aside`.
    pub(super) fn back(&mut self, mark: Mark) {
        self.aside -= 1;
        self.uncertain = mark.uncertain;
        self.order.truncate(mark.order);
        for entered in self.log.drain(mark.log..) {
            match entered {
                Entered::Name(name) => _ = self.layers.remove(&name),
                Entered::Number(kind) => *self.numbers.get_mut(kind).expect("it was counted") -= 1,
            }
        }
    }

    /// Whether layers are looked at that are no part of the network.
    pub(super) fn is_aside(&self) -> bool {
        self.aside > 0
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.layers.get(name).copied()
    }
}

impl<'a> Checker<'a> {
    /// Labels that stand twice in one body, the bodies of blocks apart. Remembers where each stands.
    pub(super) fn check_labels(&mut self, body: &'a [Statement]) {
        let mut seen = HashMap::new();
        self.check_labels_within(body, &mut seen);
    }

    fn check_labels_within(&mut self, body: &'a [Statement], seen: &mut HashMap<&'a str, Span>) {
        for statement in body {
            match statement {
                Statement::Layer(layer) => {
                    if let Some(label) = &layer.label {
                        match seen.get(label.name.as_str()) {
                            Some(first) => self.report(names::defined_twice(label, *first, "label")),
                            None => {
                                seen.insert(&label.name, label.span);
                                self.label_places.entry(&label.name).or_insert(label.span);
                            }
                        }
                    }
                    self.check_labels_within(layer.body.as_deref().unwrap_or_default(), seen);
                }
                Statement::Repeat(repeat) => self.check_labels_within(&repeat.body, seen),
                Statement::Setting(_) | Statement::Broken(_) => {}
            }
        }
    }

    /// Labels that say what an unlabelled layer is called by itself.
    pub(super) fn check_automatic_names(&mut self, draught: &Draught<'a>) {
        for draft in &draught.drafts {
            if let Some(label) = draft.label
                && let Some(other) = draught.names.automatic.get(&label.name)
            {
                self.report(names::automatic_name(label, draught.drafts[*other].span));
            }
        }
    }

    /// The layer that a path means at a place; a path that means none is reported.
    pub(super) fn find_layer(
        &mut self,
        head: &Ident,
        segments: &'a [Segment],
        span: Span,
        place: &Place<'a>,
        draught: &Draught<'a>,
    ) -> Option<usize> {
        let text = self.path_text(segments, place)?;
        for turns in (0..=place.turns.len()).rev() {
            if let Some(at) = draught.names.find(&(place.full_name(&head.name, turns) + &text)) {
                return Some(at);
            }
        }
        // From within a block, layers outside are known by their numbers only: labels belong to the text around them.
        let outside = format!("{}{text}", head.name);
        if let Some(at) = draught.names.automatic.get(&outside) {
            return Some(*at);
        }
        self.report_unknown_layer(&head.name, &text, span, place, draught);
        None
    }

    /// What follows the first name of a path, indices worked out.
    pub(super) fn path_text(&mut self, segments: &'a [Segment], place: &Place<'a>) -> Option<String> {
        let mut text = String::new();
        for segment in segments {
            match segment {
                Segment::Member(name) => {
                    write!(text, ".{}", name.name).expect("a string takes all that is written");
                }
                Segment::Index(index) => {
                    let valued = self.value(index, &place.scope, Context::Plain);
                    let index = self.count(&valued, "[…]", 1)?;
                    write!(text, "[{index}]").expect("a string takes all that is written");
                }
            }
        }
        Some(text)
    }

    fn report_unknown_layer(&mut self, head: &str, text: &str, span: Span, place: &Place<'a>, draught: &Draught<'a>) {
        let table = &draught.names;
        let declared = self.label_places.get(head).copied();
        let open = table.uncertain && (declared.is_some() || self.looks_automatic(head));
        if table.poisoned.contains(head) || self.poisoned_labels.contains(head) || open {
            return;
        }
        let written = format!("{head}{text}");
        if self.sink.diagnostics.len() > Limits::SEARCHES {
            self.report(names::unknown_layer(span, &written, None, &[]));
            return;
        }
        let turns = table.order.iter().filter(|name| name.starts_with(&format!("{}{head}[", place.prefix))).count();
        if turns > 0 {
            self.report(names::label_of_several(span, &written, head, turns));
            return;
        }
        let inside: Option<&String> = table.order.iter().find(|name| name.ends_with(&format!(".{head}")));
        if let (Some(inside), true) = (inside, text.is_empty()) {
            self.report(names::label_inside_block(span, &written, inside));
            return;
        }
        let is_here = place.prefix.is_empty();
        if !is_here && table.find(&written).is_some() {
            self.report(names::label_outside_block(span, &written, declared));
            return;
        }
        if let Some(below) = declared.filter(|below| is_here && below.start > span.start && below.source == span.source)
        {
            self.report(names::layer_below(span, &written, below));
            return;
        }
        let nearest = crate::diagnostics::near::nearest(
            &written,
            table
                .order
                .iter()
                .map(String::as_str)
                .chain(table.poisoned.iter().copied())
                .chain(self.poisoned_labels.iter().copied())
                .take(SEARCHED),
        );
        let layers: Vec<&str> = table.order.iter().map(String::as_str).take(SEARCHED).collect();
        let diagnostic = names::unknown_layer(span, &written, nearest, &layers);
        self.report(diagnostic);
    }

    /// Whether a name is a kind and a number.
    pub(super) fn looks_automatic(&self, name: &str) -> bool {
        let kind = name.trim_end_matches(|digit: char| digit.is_ascii_digit());
        kind.len() < name.len()
            && (layers::find(kind).is_some()
                || layers::is_row_function(kind)
                || self.definitions.find_block(kind) != super::definitions::Lookup::Missing
                || self.definitions.find(DefinitionKind::Activation, kind, Home::User)
                    != super::definitions::Lookup::Missing)
    }
}
